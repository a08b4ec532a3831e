// Resolving attach points through the providers, and the pid filter of -p.
#include "sema/expand_probes.h"

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

// The probe with `pid == PID` in front of its predicate: the test is ordinary code, visible in every dump.
const ast::Probe* with_pid_test(const Inputs& inputs, const ast::Probe& probe) {
  const source::Range range = probe.attach_points.front().range;
  ast::Arena& arena = inputs.arena;
  const auto start = [&](auto* node, ast::ExprKind kind) {
    node->kind = kind;
    node->range = range;
    return node;
  };
  auto* pid = start(arena.make<ast::Identifier>(), ast::ExprKind::identifier);
  pid->name = "pid";
  auto* number = start(arena.make<ast::IntLiteral>(), ast::ExprKind::int_literal);
  number->value = static_cast<uint64_t>(*inputs.pid);
  const auto both = [&](ast::BinaryOp op, const ast::Expr* left, const ast::Expr* right) {
    auto* node = start(arena.make<ast::Binary>(), ast::ExprKind::binary);
    node->op = op;
    node->op_range = range;
    node->left = left;
    node->right = right;
    return node;
  };
  const ast::Expr* test = both(ast::BinaryOp::eq, pid, number);
  auto* copy = arena.make<ast::Probe>(probe);
  copy->predicate = probe.predicate ? both(ast::BinaryOp::logical_and, test, probe.predicate) : test;
  return copy;
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

}  // namespace

void expand_probes(const Inputs& inputs, const ast::Program& script, const MacroTable& macros, bound::Tree& tree,
                   Reporter& reporter) {
  NameSearch search(macros);
  for (const ast::Probe* probe : script.probes) {
    const Named named = search.in(*probe);
    const size_t programs_before = tree.programs.size();
    std::vector<std::string> hints;
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
      for (probes::ResolvedProbe& one : resolved) {
        tree.programs.emplace_back();
        bound::Program& program = tree.programs.back();
        program.source =
            inputs.pid_filter && inputs.pid && needs_pid_test(one.attach) ? with_pid_test(inputs, *probe) : probe;
        program.probe = std::move(one);
        program.range = point.range;
      }
    }
    if (tree.programs.size() == programs_before && reporter.ok()) report_empty(inputs, *probe, hints, reporter);
  }
}

}  // namespace sonde::sema
