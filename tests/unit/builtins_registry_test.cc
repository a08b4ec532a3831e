// What holds for every row of the registry.
#include <gtest/gtest.h>

#include <set>

#include "builtins/builtin.h"
#include "builtins/families.h"

namespace sonde::builtins {
namespace {

TEST(Registry, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const Builtin* row : builtins()) {
    EXPECT_TRUE(names.insert(row->name).second) << row->name;
    EXPECT_EQ(find_builtin(row->name), row);
    for (std::string_view alias : row->aliases) {
      EXPECT_TRUE(names.insert(alias).second) << alias;
      EXPECT_EQ(find_builtin(alias), row);
    }
  }
  EXPECT_EQ(find_builtin("nosuch"), nullptr);
}

TEST(Registry, EveryRowIsDocumented) {
  for (const Builtin* row : builtins()) {
    EXPECT_TRUE(row->summary.ends_with('.') || row->summary.ends_with(')')) << row->name;
    EXPECT_NE(row->example.find(row->name), std::string_view::npos) << row->name;
    EXPECT_NE(row->example.find('{'), std::string_view::npos) << row->name;
  }
}

TEST(Registry, FamiliesAreSorted) {
  for (const auto rows : kFamilies) {
    const auto family = rows();
    EXPECT_FALSE(family.empty());
    for (size_t i = 1; i < family.size(); ++i) EXPECT_LT(family[i - 1].name, family[i].name);
  }
}

TEST(Registry, EveryRowHasWhatItsKindNeeds) {
  for (const Builtin* row : builtins()) {
    const bool aggregate = row->kind == RowKind::aggregate;
    EXPECT_EQ(row->aggregate != nullptr, aggregate) << row->name;
    EXPECT_EQ((row->update != nullptr) != (row->update_blocks != nullptr), aggregate) << row->name;
    if (aggregate) continue;
    EXPECT_TRUE(row->lower || row->fold || row->action || row->name == "fail") << row->name;
    EXPECT_TRUE(row->check || row->action) << row->name;
    EXPECT_EQ(row->needs != 0, row->refusal.has_value()) << row->name;
    EXPECT_EQ(row->action && row->lower && !row->own_channel, row->fields != nullptr) << row->name;
    for (const Param& param : row->params) EXPECT_TRUE(row->kind != RowKind::value || param.optional) << row->name;
  }
}

TEST(Registry, OptionalParametersStandLast) {
  for (const Builtin* row : builtins()) {
    bool optional = false;
    for (const Param& param : row->params) {
      EXPECT_TRUE(!optional || param.optional) << row->name;
      optional = param.optional;
    }
  }
}

}  // namespace
}  // namespace sonde::builtins
