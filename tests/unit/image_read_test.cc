// Images survive writing and reading unchanged; whatever else the bytes are, reading fails in words and never crashes.
#include <gtest/gtest.h>

#include <random>

#include "image/image.h"

namespace sonde::image {
namespace {

// At least one row in every table and one of every attach mechanism.
Image full_image() {
  Image image;
  image.target = {"x86_64", true, "6.18.0"};
  for (int i = 0; i < 300; ++i) image.object.push_back(static_cast<std::byte>(i));
  Layout number{.kind = LayoutKind::integer, .size = 8, .is_signed = true, .name = "int64"};
  Layout state{
      .kind = LayoutKind::enumeration, .size = 4, .name = "enum state", .variants = {{"IDLE", 1}, {"BUSY", 4}}};
  Layout array{.kind = LayoutKind::array, .size = 16, .element = {0}, .count = 2};
  Layout pair{.kind = LayoutKind::record, .size = 24, .name = "struct pair"};
  pair.members = {{"first", {0}, 0, 0, 0}, {"rest", {2}, 8, 3, 5}};
  Layout stack{.kind = LayoutKind::user_stack, .size = 64, .count = 6, .stack_mode = StackMode::perf};
  image.types = {number, state, array, pair, stack};
  MapDesc hist{.name = "@h",
               .elf_name = "AT_h",
               .kind = MapKind::percpu_hash,
               .key_size = 8,
               .value_size = 32,
               .max_entries = 4096,
               .key = {0}};
  hist.aggregate = AggDesc{.name = "lhist",
                           .view = View::linear,
                           .is_signed = true,
                           .cell_size = 32,
                           .fields = {{MergeRule::add, 0, 3}, {MergeRule::max, 24, 1}},
                           .set_offset = 24,
                           .bits = 2,
                           .min = 0,
                           .max = 1000,
                           .step = 10};
  image.maps = {hist,
                {.name = "@s",
                 .elf_name = "AT_s",
                 .kind = MapKind::array,
                 .scalar = true,
                 .key_size = 4,
                 .value_size = 16,
                 .value = {0},
                 .written_flag_offset = 8}};
  const AttachSpec specs[] = {
      TestRunAttach{RunPhase::end},
      TracepointAttach{"sched", "sched_switch"},
      TracingAttach{TracingKind::fexit, "vmlinux", "vfs_read", 4711},
      KprobeAttach{"vfs_open", "ext4", 5, true},
      UprobeAttach{"/bin/true", {{"main", 0x1234, 2, 0x4000}, {"", 1, 0, 0}}, true},
      PerfEventAttach{1, 2, 3, true, false, 4, 5, 6},
  };
  for (const AttachSpec& spec : specs) {
    const std::string name = "p" + std::to_string(image.programs.size());
    image.programs.push_back({name, "s_" + name, "begin", "special", 17, 3, true, true, spec, {0}});
  }
  image.formats = {parse_format("%-5ld %s|%rx%%\n")};
  image.events = {{Action::printf, 40, {{{0}, 16}, {{2}, 24}}, {0}, {}, {}, {1}},
                  {Action::print_map, 16, {}, {}, {0}, {-1, INT64_MIN}, {}}};
  image.strings = {"%H:%M", std::string("a\0b", 3)};
  image.spans = {{"stdin", 1, 2, 3, 1, "text", {}}, {"lib", 7, 1, 0, 9, "two\nlines", {SpanId{0}}}};
  image.error_sites = {{ErrorKind::probe_read, "probe_read_user", {1}, {0}, true}};
  image.parameters = {{ParameterKind::signed_integer, "level", "how much", "-3", 8, 8}};
  image.required_features = {"bpf_loop"};
  image.config.print_maps_on_exit = false;
  image.config.str_trunc_trailer = "<T>";
  image.config.max_probes = 7;
  return image;
}

TEST(ImageRead, RoundTripIsEqual) {
  const Image image = full_image();
  const auto bytes = write(image);
  const auto back = read(bytes);
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_TRUE(*back == image);
  EXPECT_EQ(write(*back), bytes);
  EXPECT_EQ(dump(*back), dump(image));

  const auto empty = read(write(Image{}));
  ASSERT_TRUE(empty);
  EXPECT_TRUE(*empty == Image{});
}

TEST(ImageRead, EveryTruncationFails) {
  const auto bytes = write(full_image());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(read(std::span(bytes).first(size))) << size << " of " << bytes.size();
  auto longer = bytes;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(read(longer));
}

TEST(ImageRead, DamagedBytesNeverCrash) {
  const auto bytes = write(full_image());
  std::mt19937 random(1);
  for (int round = 0; round < 4000; ++round) {
    auto damaged = bytes;
    for (int change = 0; change < 1 + round % 4; ++change)
      damaged[13 + random() % (damaged.size() - 13)] = static_cast<std::byte>(random());
    if (const auto image = read(damaged)) dump(*image);
  }
}

TEST(ImageRead, SaysWhatIsWrong) {
  auto bytes = write(full_image());
  auto foreign = bytes;
  foreign[0] = std::byte{'X'};
  EXPECT_EQ(read(foreign).error().text(), "not a compiled sonde program (wrong magic number)");
  Image newer = full_image();
  newer.version = kFormatVersion + 1;
  EXPECT_NE(read(write(newer)).error().text().find("format version " + std::to_string(kFormatVersion + 1)),
            std::string::npos);
}

// Reads back an image after one change; the text of the error.
template <typename Change>
std::string error_after(Change change) {
  Image image = full_image();
  change(image);
  const auto result = read(write(image));
  return result ? "accepted" : result.error().text();
}

TEST(ImageRead, ChecksEveryReference) {
  EXPECT_EQ(error_after([](Image&) {}), "accepted");
  const std::string prefix = "the compiled program is inconsistent: ";
  EXPECT_EQ(error_after([](Image& x) { x.maps[0].key = {5}; }), prefix + "no such key type");
  EXPECT_EQ(error_after([](Image& x) { x.types[3].members[0].type = {99}; }), prefix + "no such member type");
  EXPECT_EQ(error_after([](Image& x) {
              x.types[2].element = {2};
              x.types[2].count = 1;
            }),
            prefix + "types are nested too deeply");
  EXPECT_EQ(error_after([](Image& x) { x.types[2].count = 3; }), prefix + "an array is larger than its type");
  EXPECT_EQ(error_after([](Image& x) { x.maps[0].aggregate->fields[0].count = 5; }),
            prefix + "a field of map @h lies outside its cell");
  EXPECT_EQ(error_after([](Image& x) { x.maps[0].aggregate->step = 0; }),
            prefix + "the histogram of map @h has no step");
  EXPECT_EQ(error_after([](Image& x) { x.maps[1].written_flag_offset = 9; }),
            prefix + "the flag of map @s lies outside its value");
  EXPECT_EQ(error_after([](Image& x) { x.events[0].format = {}; }), prefix + "no such format");
  EXPECT_EQ(error_after([](Image& x) { x.events[1].map = {2}; }), prefix + "no such map of an event");
  EXPECT_EQ(error_after([](Image& x) { x.events[0].fields[0].offset = 41; }),
            prefix + "a field lies outside its record");
  EXPECT_EQ(error_after([](Image& x) { x.spans[1].expanded_from = {SpanId{}}; }), prefix + "no such outer span");
  EXPECT_EQ(error_after([](Image& x) { x.error_sites[0].map = {2}; }), prefix + "no such map of an error site");
}

TEST(ImageDump, ShowsEveryTable) {
  const std::string text = dump(full_image());
  for (const char* part :
       {"target x86_64 portable kernel \"6.18.0\"", "1 enumeration size 4 name \"enum state\"", "BUSY = 4",
        "rest type 2 offset 8 bit 3 bits 5",
        "aggregate lhist linear signed cell_size 32 set 24 min 0 max 1000 step 10 add@0x3 max@24",
        "tracepoint sched:sched_switch", "tracing fexit vmlinux:vfs_read\n",
        "kretprobe function \"vfs_open\" module \"ext4\" offset 5",
        "site symbol \"main\" file_offset 4660 symbol_offset 2 semaphore 16384",
        "perf_event type 1 config 2 frequency 3 address 4", "0 printf size 40 format 0 span 1 field 0@16 field 2@24",
        "integer -1 integer -9223372036854775808", "%-5ld",
        "probe_read helper \"probe_read_user\" map 1 span 0 optional", "signed_integer name \"level\" default \"-3\"",
        "no_maps_on_exit", "1 lib:7:1-0 to_line 9 text \"two\\nlines\" from 0"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nin\n" << text;
}

}  // namespace
}  // namespace sonde::image
