// Rows for dw_ustack, read from this test's own executable and from the vdso.
#include "runtime/unwind/tables.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/fd.h"

namespace sonde::unwind {
namespace {

extern "C" __attribute__((noinline, optimize("omit-frame-pointer"))) long sonde_test_leaf(volatile long* room) {
  return *room;
}

const sonde_unwind_row* row_at(const ObjectRows& object, uint64_t address) {
  const auto next =
      std::ranges::upper_bound(object.rows, address - object.lowest_address, {}, &sonde_unwind_row::address);
  return next == object.rows.begin() ? nullptr : &*std::prev(next);
}

ObjectRows own_rows() {
  const base::Fd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  auto rows = read_rows(self.get());
  EXPECT_TRUE(rows.has_value());
  return rows ? *rows : ObjectRows{};
}

TEST(UnwindTables, RowsAscendWithoutRepeats) {
  const ObjectRows object = own_rows();
  ASSERT_GT(object.rows.size(), 100u);
  EXPECT_TRUE(std::ranges::is_sorted(object.rows, std::ranges::less_equal{}, &sonde_unwind_row::address));
}

// The executable is not position independent, so addresses are those of the file.
TEST(UnwindTables, AtItsFirstInstructionTheReturnAddressIsOnTopOfTheStack) {
  const ObjectRows object = own_rows();
  const auto* row = row_at(object, reinterpret_cast<uint64_t>(&sonde_test_leaf));
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->cfa_rule, SONDE_CFA_STACK);
  EXPECT_EQ(row->cfa_offset, 8);
  EXPECT_EQ(row->frame_rule, SONDE_FRAME_SAME);
}

TEST(UnwindTables, TheStartOfTheProgramIsOutermost) {
  const ObjectRows object = own_rows();
  EXPECT_TRUE(std::ranges::any_of(object.rows, [](const auto& row) { return row.cfa_rule == SONDE_CFA_OUTERMOST; }));
}

// Linkers other than GNU's begin a segment within a page, at an address some pages further than its place in the file.
TEST(UnwindTables, AMappingBeginsWithTheWholePageOfItsSegment) {
  const ObjectRows object{.segments = {{.file_offset = 0x1840, .file_size = 0x900, .address = 0x202840}}, .rows = {}};
  EXPECT_EQ(object.address_at(0x1000), 0x202000u);
  EXPECT_EQ(object.address_at(0x2000), 0x203000u);
  EXPECT_EQ(object.address_at(0x0), std::nullopt);
  EXPECT_EQ(object.address_at(0x3000), std::nullopt);
}

TEST(UnwindTables, RefusesWhatIsNoElfFile) {
  const base::Fd text(::open("/proc/self/maps", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(read_rows(text.get()).has_value());
  std::vector<char> bytes(64, 'x');
  EXPECT_FALSE(read_rows(bytes).has_value());
}

}  // namespace
}  // namespace sonde::unwind
