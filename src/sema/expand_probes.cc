// Resolving attach points through the providers, and the pid filter of -p.
#include "sema/expand_probes.h"

#include <cctype>
#include <map>

#include "sema/ast_walk.h"

namespace sonde::sema {
namespace {

using diag::Id;

// What a probe's code names, directly or through macros, that its attach points must know beforehand.
struct Named {
  bool per_match = false;  // a row whose value differs from match to match
  bool args = false;

  void add(const Named& other) {
    per_match = per_match || other.per_match;
    args = args || other.args;
  }
};

class NameSearch {
 public:
  explicit NameSearch(const MacroTable& macros) : macros_(macros) {}

  Named in(const ast::Probe& probe) {
    Named found;
    const AstVisitor visitor = looking_for(found);
    walk(probe.predicate, visitor);
    walk(probe.body, visitor);
    return found;
  }

 private:
  AstVisitor looking_for(Named& found) {
    AstVisitor visitor;
    visitor.expr = [this, &found](const ast::Expr& expr) {
      if (const auto* name = ast::expr_cast<ast::Identifier>(&expr)) {
        found.args = found.args || name->name == "args";
        found.add(named(name->name));
      }
      if (const auto* call = ast::expr_cast<ast::Call>(&expr)) found.add(named(call->name));
    };
    return visitor;
  }

  Named named(const std::string& name) {
    if (const builtins::Builtin* row = builtins::find_builtin(name); row && row->per_match) return {.per_match = true};
    const auto [it, is_new] = macros_seen_.try_emplace(name);  // nothing found also stops at recursion
    if (!is_new) return it->second;
    const MacroTable::Definitions* definitions = macros_.find(name, false);
    if (!definitions) return {};
    Named found;
    const AstVisitor visitor = looking_for(found);
    for (const bound::MacroDef* def : *definitions) walk(def->macro->body, visitor);
    return macros_seen_[name] = found;
  }

  const MacroTable& macros_;
  std::map<std::string, Named> macros_seen_;
};

// -p filters these in the program; the others are filtered by the kernel or not at all (probes.md 4.5).
bool needs_pid_test(const image::AttachSpec& attach) {
  if (const auto* tracing = std::get_if<image::TracingAttach>(&attach))
    return tracing->kind != image::TracingKind::iterator;
  return std::holds_alternative<image::KprobeAttach>(attach) || std::holds_alternative<image::TracepointAttach>(attach);
}

bool is_iterator(const image::AttachSpec& attach) {
  const auto* tracing = std::get_if<image::TracingAttach>(&attach);
  return tracing && tracing->kind == image::TracingKind::iterator;
}

// --cgroup restricts whatever happens in a task of the system, which timers on one CPU (interval) and programs that sonde runs
// itself do not. Iterators run in sonde's own task, but walk others.
bool needs_cgroup_test(const image::AttachSpec& attach) {
  if (const auto* event = std::get_if<image::PerfEventAttach>(&attach)) return event->every_cpu;
  return !std::holds_alternative<image::TestRunAttach>(attach) && !is_iterator(attach);
}

bool has_member(types::TypeRef record, std::string_view name) {
  return record && record->c_record && !record->c_record->find(name).empty();
}

// Puts conditions in front of a probe's predicate. They are ordinary code, visible in every dump.
class Filter {
 public:
  Filter(const Inputs& inputs, const ast::Probe& probe)
      : inputs_(inputs), arena_(inputs.arena), probe_(probe), range_(probe.attach_points.front().range) {}

  // pid == PID
  void add_pid() { add(binary(ast::BinaryOp::eq, named("pid"), number(static_cast<uint64_t>(*inputs_.pid)))); }
  // __target_pid == 0 || pid == __target_pid: whom a program that is compiled for later follows is said when it is run. The
  // verifier knows the value and drops the test where there is none.
  void add_target_pid() {
    add(binary(ast::BinaryOp::logical_or, binary(ast::BinaryOp::eq, named("__target_pid"), number(0)),
               binary(ast::BinaryOp::eq, named("pid"), named("__target_pid"))));
  }
  // __in_cgroup(ID, DEPTH)
  void add_cgroup() {
    auto* call = start(arena_.make<ast::Call>(), ast::ExprKind::call);
    call->name = "__in_cgroup";
    call->name_range = range_;
    const auto id = inputs_.kernel.cgroup_id(inputs_.cgroup);
    call->arguments = {number(id.value_or(0)), number(inputs_.kernel.cgroup_depth(inputs_.cgroup))};
    add(call);
  }
  // The same of the cgroup that an iterator is at, or that its task is in. False where it has neither.
  bool add_cgroup_of_object(types::TypeRef iterator) {
    const ast::Expr* group = nullptr;
    if (has_member(iterator, "task"))
      group = field(field(field(named("ctx"), "task"), "cgroups"), "dfl_cgrp");
    else if (has_member(iterator, "cgroup"))
      group = field(named("ctx"), "cgroup");
    else
      return false;
    const uint32_t depth = inputs_.kernel.cgroup_depth(inputs_.cgroup);
    const ast::Expr* found = is_below(group, depth);
    // The level need not be known; there are hardly ever so many.
    constexpr uint32_t kDeepest = 16;
    for (uint32_t level = 1; depth == 0 && level < kDeepest; ++level)
      found = binary(ast::BinaryOp::logical_or, found, is_below(group, level));
    add(found);
    return true;
  }
  const ast::Probe* result() {
    if (!test_) return &probe_;
    auto* copy = arena_.make<ast::Probe>(probe_);
    copy->predicate = probe_.predicate ? binary(ast::BinaryOp::logical_and, test_, probe_.predicate) : test_;
    return copy;
  }

 private:
  // GROUP.level >= LEVEL && GROUP.ancestors[LEVEL].kn.id == ID
  const ast::Expr* is_below(const ast::Expr* group, uint32_t level) {
    const auto id = inputs_.kernel.cgroup_id(inputs_.cgroup);
    // Linux 6.1 made pointers of the numbers.
    const bool pointers = has_member(inputs_.kernel.find_type("struct", "cgroup"), "ancestors");
    const ast::Expr* ancestor = pointers ? field(field(element(field(group, "ancestors"), number(level)), "kn"), "id")
                                         : element(field(group, "ancestor_ids"), number(level));
    return binary(ast::BinaryOp::logical_and, binary(ast::BinaryOp::ge, field(group, "level"), number(level)),
                  binary(ast::BinaryOp::eq, ancestor, number(id.value_or(0))));
  }
  template <typename Node>
  Node* start(Node* node, ast::ExprKind kind) {
    node->kind = kind;
    node->range = range_;
    return node;
  }
  const ast::Expr* named(const char* name) {
    auto* node = start(arena_.make<ast::Identifier>(), ast::ExprKind::identifier);
    node->name = name;
    return node;
  }
  const ast::Expr* number(uint64_t value) {
    auto* node = start(arena_.make<ast::IntLiteral>(), ast::ExprKind::int_literal);
    node->value = value;
    return node;
  }
  const ast::Expr* field(const ast::Expr* base, const char* name) {
    auto* node = start(arena_.make<ast::Field>(), ast::ExprKind::field);
    node->base = base;
    node->name = name;
    node->name_range = range_;
    return node;
  }
  const ast::Expr* element(const ast::Expr* base, const ast::Expr* index) {
    auto* node = start(arena_.make<ast::Index>(), ast::ExprKind::index);
    node->base = base;
    node->index = index;
    return node;
  }
  const ast::Expr* binary(ast::BinaryOp op, const ast::Expr* left, const ast::Expr* right) {
    auto* node = start(arena_.make<ast::Binary>(), ast::ExprKind::binary);
    node->op = op;
    node->op_range = range_;
    node->left = left;
    node->right = right;
    return node;
  }
  void add(const ast::Expr* test) { test_ = test_ ? binary(ast::BinaryOp::logical_and, test_, test) : test; }

  const Inputs& inputs_;
  ast::Arena& arena_;
  const ast::Probe& probe_;
  source::Range range_;
  const ast::Expr* test_ = nullptr;
};

const ast::Probe* filtered(const Inputs& inputs, const ast::Probe& probe, const probes::ResolvedProbe& match,
                           Reporter& reporter) {
  Filter filter(inputs, probe);
  const source::Range range = probe.attach_points.front().range;
  const bool by_pid = inputs.pid_filter && inputs.pid;
  if (by_pid && needs_pid_test(match.attach)) filter.add_pid();
  if (inputs.portable && needs_pid_test(match.attach)) filter.add_target_pid();
  if (!inputs.cgroup.empty() && needs_cgroup_test(match.attach)) filter.add_cgroup();
  if (is_iterator(match.attach)) {
    // The kernel restricts those over tasks by itself.
    if (by_pid && !has_member(match.context_type, "task"))
      reporter.emit<Id::filter_without_effect>(range, nullptr, "-p", match.full_name, "tasks");
    if (!inputs.cgroup.empty() && !filter.add_cgroup_of_object(match.context_type))
      reporter.emit<Id::filter_without_effect>(range, nullptr, "--cgroup", match.full_name, "tasks or cgroups");
  }
  return filter.result();
}

probes::ProbeContext::Missing missing_policy(const std::string& word) {
  if (word == "warn") return probes::ProbeContext::Missing::warn;
  return word == "ignore" ? probes::ProbeContext::Missing::ignore : probes::ProbeContext::Missing::error;
}

// No attach point of the probe matched anything.
void report_empty(const Inputs& inputs, const ast::Probe& probe, const std::vector<std::string>& hints,
                  Reporter& reporter) {
  const source::Range range = probe.attach_points.front().range;
  const std::string& word = inputs.config.text("missing_probes");
  if (word == "ignore") return;
  diag::Diagnostic& diagnostic = word == "warn" ? reporter.emit<Id::probe_removed>(range, nullptr)
                                                : reporter.emit<Id::probe_nothing_matched>(range, nullptr);
  diagnostic.hints = hints;
}

// Results of tests and benchmarks are told by their names.
void check_names(const bound::Tree& tree, Reporter& reporter) {
  std::map<std::string_view, source::Range> seen;
  for (const bound::Program& program : tree.programs) {
    if (!(program.probe.capabilities & types::kIsExercise)) continue;
    const std::string_view name = program.probe.full_name;
    const auto [other, is_new] = seen.try_emplace(name, program.range);
    if (is_new) continue;
    std::string kind = program.probe.provider;
    for (char& c : kind) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    reporter.emit<Id::exercise_name_taken>(program.range, nullptr, name.substr(name.find(':') + 1), kind)
        .labels.push_back({other->second, std::string(diag::row(Id::exercise_other).text)});
  }
}

}  // namespace

void expand_probes(const Inputs& inputs, const ast::Program& script, const MacroTable& macros, bound::Tree& tree,
                   std::vector<const ast::Probe*>& refused, Reporter& reporter) {
  NameSearch search(macros);
  for (const ast::Probe* probe : script.probes) {
    const Named named = search.in(*probe);
    const size_t programs_before = tree.programs.size();
    std::vector<std::string> hints;
    bool good = true;
    for (const ast::AttachPoint& point : probe->attach_points) {
      diag::Diagnostics problems;
      std::vector<probes::ResolvedProbe> resolved;
      if (const auto text = inputs.split_attach_point(point, problems)) {
        probes::ProbeContext context{.kernel = inputs.kernel,
                                     .binaries = inputs.binaries,
                                     .diagnostics = problems,
                                     .unsafe = inputs.unsafe,
                                     .pid = inputs.pid,
                                     .expand_all = named.per_match,
                                     .missing = missing_policy(inputs.config.text("missing_probes")),
                                     .max_programs = inputs.config.integer("max_bpf_progs"),
                                     .wants_args = named.args};
        probes::resolve(context, *text, resolved);
        hints.insert(hints.end(), context.hints.begin(), context.hints.end());
      } else {
        problems.emit<Id::probe_without_attach_points>(point.range);
      }
      reporter.add_all(problems, nullptr);
      good &= problems.ok();
      if (&point == &probe->attach_points.front() && probe->attach_points.size() > 1 && !resolved.empty() &&
          is_iterator(resolved.front().attach))
        reporter.emit<Id::iter_alone>(point.range, nullptr);
      for (probes::ResolvedProbe& one : resolved) {
        tree.programs.emplace_back();
        bound::Program& program = tree.programs.back();
        program.source = filtered(inputs, *probe, one, reporter);
        // Copies that differ only in their match are told apart by it.
        if (named.per_match || resolved.size() > 1) one.label.clear();
        program.probe = std::move(one);
        program.range = point.range;
      }
    }
    if (good && tree.programs.size() == programs_before) report_empty(inputs, *probe, hints, reporter);
    if (!good || tree.programs.size() == programs_before) refused.push_back(probe);
  }
  check_names(tree, reporter);
}

}  // namespace sonde::sema
