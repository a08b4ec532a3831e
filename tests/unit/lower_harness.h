// Builds typed programs by hand, lowers them and lets the running kernel judge (lower_loaded.h). Needs root.
#pragma once

#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <string>
#include <utility>

#include "lower/lower.h"
#include "lower_loaded.h"
#include "lower_nodes.h"
#include "plan/plan.h"
#include "sema/config.h"
#include "types/capability.h"

namespace sonde::lower::test {

// A typed program with its maps, variables and probes, built by hand and lowered.
class Script : public Nodes {
 public:
  sema::Config config;
  Output output;

  // --- declarations -----------------------------------------------------------------------------------------------------
  sema::Map* map(std::string name, TypeRef key, TypeRef value) {
    sema::Map& map = program.maps.emplace_back();
    map.name = std::move(name);
    map.scalar = key == nullptr;
    map.key = key;
    map.value = value;
    return &map;
  }
  // A raw tracepoint program that TEST_RUN can start; argN are the words of its context.
  sema::Program& raw(const std::string& name = "raw") {
    sema::Program& one = program.programs.emplace_back();
    one.probe.provider = one.probe.probetype = "rawtracepoint";
    one.probe.full_name = name;
    one.probe.program_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
    one.probe.arg_source = probes::ArgSource::raw_words;
    one.probe.capabilities = types::kKernelStack;
    one.probe.space = types::Space::kernel;
    one.range = next_range();
    return one;
  }
  sema::Variable* variable(sema::Program& owner, const char* name, TypeRef type) {
    owner.variables.push_back({name, type});
    return &owner.variables.back();
  }

  // --- outcome ----------------------------------------------------------------------------------------------------------
  image::Image lower(Options options = {}) {
    options.verify_ir = true;
    options.want_ir = true;
    plan::Plan plan = plan::make_plan(program, config, sources, {options.portable, "x86_64", "test"});
    Result<Output> result = sonde::lower::lower(program, plan, sources, options);
    if (!result) {
      ADD_FAILURE() << result.error().text();
    } else {
      output = std::move(*result);
    }
    return std::move(plan.image);
  }
};

}  // namespace sonde::lower::test
