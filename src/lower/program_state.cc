// Analyses that decide, before a program is lowered, where its variables live.
#include "lower/program_state.h"

#include <linux/bpf.h>

#include <algorithm>
#include <vector>

#include "lower/tree_walk.h"

namespace sonde::lower {
namespace {

// All frames of a call chain share 512 bytes; spilled registers and rounding take their part.
constexpr uint32_t kStackTotal = 320;
// ... where the code turned out to need more for those.
constexpr uint32_t kSparingTotal = 64;
constexpr uint32_t kStackBesideC = 128;
// Captured variables beyond this live in scratch memory.
constexpr uint32_t kSharedLimit = 112;
// Statements, unrolled copies counted, beyond which a function may be too long for jumps to its end.
constexpr uint64_t kLongProgram = 200;

// Conditions, unrolled copies counted, beyond which the verifier may know nothing of variables.
constexpr uint64_t kManyBranches = 150;

class Captures : public TreeWalk {
 public:
  void expression(const sema::Expr& expr) override {
    calls_c = calls_c || expr.kind == sema::ExprKind::c_call;
    if (expr.kind == sema::ExprKind::conditional || expr.kind == sema::ExprKind::logical) branches += copies_;
    if (expr.kind == sema::ExprKind::address_of) pointers_[sema::as<sema::AddressOf>(expr).variable] = false;
    if (expr.kind == sema::ExprKind::increment) pointers_[sema::as<sema::Increment>(expr).variable] = false;
    TreeWalk::expression(expr);
  }

  bool calls_c = false;
  std::vector<const sema::Variable*> captured;
  uint32_t deepest = 0;
  uint64_t statements = 0;
  uint64_t branches = 0;

  std::unordered_set<const sema::Variable*> typed_variables() const {
    std::unordered_set<const sema::Variable*> result;
    for (const auto& [variable, typed] : pointers_)
      if (typed) result.insert(variable);
    return result;
  }

  void statement(const sema::Stmt& stmt) override {
    statements += copies_;
    if (stmt.kind == sema::StmtKind::assign_variable) note_pointer(sema::as<sema::AssignVariable>(stmt));
    const bool unrolled = stmt.kind == sema::StmtKind::unroll;
    const uint64_t outer = copies_;
    if (unrolled) copies_ = std::min(copies_ * sema::as<sema::Unroll>(stmt).count, kLongProgram);
    TreeWalk::statement(stmt);
    copies_ = outer;
  }

 protected:
  void declare(const sema::Variable* variable) override { level_[variable] = path_; }
  void variable(const sema::Variable* variable) override {
    const auto declared = level_.find(variable);
    if (declared == level_.end() || declared->second == path_) return;
    if (std::find(captured.begin(), captured.end(), variable) == captured.end()) captured.push_back(variable);
  }
  void enter_loop() override {
    path_.push_back(next_++);
    deepest = std::max(deepest, static_cast<uint32_t>(path_.size()));
  }
  void leave_loop() override { path_.pop_back(); }

 private:
  // Members of the context keep their type; what passed a map, a cast or another variable may have lost it.
  void note_pointer(const sema::AssignVariable& stmt) {
    const sema::Expr& value = *stmt.value;
    const bool argument =
        value.kind == sema::ExprKind::field && sema::as<sema::Field>(value).base->kind == sema::ExprKind::context_args;
    const bool typed = value.type->trusted && value.type == stmt.variable->type &&
                       (argument || value.kind == sema::ExprKind::context_retval);
    pointers_.try_emplace(stmt.variable, true).first->second &= typed;
  }
  std::unordered_map<const sema::Variable*, bool> pointers_;
  uint64_t copies_ = 1;
  std::vector<uint32_t> path_;  // the loop bodies around this place
  uint32_t next_ = 0;
  std::unordered_map<const sema::Variable*, std::vector<uint32_t>> level_;
};

class Mentions : public TreeWalk {
 public:
  explicit Mentions(const sema::Variable* wanted) : wanted_(wanted) {}
  bool found = false;

 protected:
  void variable(const sema::Variable* variable) override { found = found || variable == wanted_; }

 private:
  const sema::Variable* wanted_;
};

// `ctx.task`: leaves the program where it is null.
bool is_iterator_member(const sema::Expr& expr) {
  if (expr.kind != sema::ExprKind::field) return false;
  const types::TypeRef base = sema::as<sema::Field>(expr).base->type;
  return base->kind == types::Kind::pointer && base->context && base->element->kind == types::Kind::c_record &&
         base->element->c_record->name().starts_with("bpf_iter__");
}

class Leaves : public TreeWalk {
 public:
  bool any_block = false;
  bool returns = false;

  void expression(const sema::Expr& expr) override {
    if (expr.kind == sema::ExprKind::block) any_block = true;
    if (is_iterator_member(expr)) returns = any_block = true;
    if (expr.kind == sema::ExprKind::call && sema::as<sema::Call>(expr).row->returns) returns = any_block = true;
    TreeWalk::expression(expr);
  }
  void statement(const sema::Stmt& stmt) override {
    if (stmt.kind == sema::StmtKind::jump && sema::as<sema::Jump>(stmt).jump == sema::JumpKind::return_jump)
      returns = true;
    TreeWalk::statement(stmt);
  }
};

// Addresses that stay such to the verifier. Those of variables and texts do where C functions may get them.
class Addresses : public TreeWalk {
 public:
  explicit Addresses(bool calls_c) : calls_c_(calls_c) {}
  bool found = false;

  void expression(const sema::Expr& expr) override {
    using sema::ExprKind;
    const bool own = expr.kind == ExprKind::address_of ||
                     (expr.kind == ExprKind::cast && sema::as<sema::Cast>(expr).cast == sema::CastKind::string_address);
    found = found || (own && calls_c_) || expr.kind == ExprKind::context_pointer ||
            (expr.kind == ExprKind::map_ref && expr.type->kind == types::Kind::pointer);
    if (!found) TreeWalk::expression(expr);
  }

 private:
  bool calls_c_;
};

// Whether a return stands in any loop.
class LoopReturns : public TreeWalk {
 public:
  bool found = false;

  void statement(const sema::Stmt& stmt) override {
    using sema::StmtKind;
    if (stmt.kind == StmtKind::for_range) found = found || returns_from(sema::as<sema::ForRange>(stmt).body);
    if (stmt.kind == StmtKind::for_map) found = found || returns_from(sema::as<sema::ForMap>(stmt).body);
    if (stmt.kind == StmtKind::while_loop) found = found || returns_from(sema::as<sema::While>(stmt).body);
    if (!found) TreeWalk::statement(stmt);
  }
};

}  // namespace

bool in_register(types::TypeRef type) { return type->is_scalar(); }

bool mentions(const sema::Expr& expr, const sema::Variable* variable) {
  Mentions walk(variable);
  walk.expression(expr);
  return walk.found;
}

bool may_leave(const sema::Expr& expr) {
  Leaves walk;
  walk.expression(expr);
  return walk.any_block || walk.returns;
}

bool returns_from(const sema::Block& body) {
  Leaves walk;
  walk.block(body);
  return walk.returns;
}

ProgramState::ProgramState(ModuleState& module_state, const sema::Program& source, image::ProgramId program_id)
    : module(module_state), program(source), id(program_id) {
  Captures captures;
  if (program.predicate) captures.expression(*program.predicate);
  captures.block(program.body);
  is_long = captures.statements > kLongProgram;
  is_branched = captures.branches > kManyBranches;
  loop_depth_ = captures.deepest;
  calls_c_ = captures.calls_c;
  Addresses addresses(calls_c_);
  if (program.predicate) addresses.expression(*program.predicate);
  addresses.block(program.body);
  has_known_addresses = addresses.found;
  typed_variables = captures.typed_variables();
  if (loop_depth_ == 0) return;
  LoopReturns returns;
  if (program.predicate) returns.expression(*program.predicate);
  returns.block(program.body);
  loops_return = returns.found;
  shared_size = kSharedBegin + 8 * loop_depth_;
  for (const sema::Variable* variable : captures.captured) {
    const uint32_t size = (variable->type->size + 7) / 8 * 8;
    Home home;
    // Bytes on the stack are followed one by one, texts and tuples as well; in a map none is.
    if (in_register(variable->type) && shared_size + size <= kSharedLimit) {
      // An address that the verifier knows has to stay what it is.
      const bool address = variable->type->kind == types::Kind::pointer && (has_known_addresses || is_btf_typed());
      home = {Home::Where::shared, nullptr, shared_size, !address};
      shared_size += size;
    } else {
      home = {Home::Where::scratch, nullptr, scratch_allocate(size)};
    }
    homes.emplace(variable, home);
  }
}

bool ProgramState::is_btf_typed() const { return program.probe.program_type == BPF_PROG_TYPE_TRACING; }

// In BTF-typed programs addresses of kernel structures are known too, as variables that may hold one.
bool ProgramState::knows_address(const sema::Expr& pointer) const {
  using sema::ExprKind;
  if (has_known_addresses || !is_btf_typed()) return has_known_addresses;
  const sema::Expr* source = &pointer;
  while (source->kind == ExprKind::cast && source->type->kind == types::Kind::pointer)
    source = sema::as<sema::Cast>(*source).operand;
  if (source->kind == ExprKind::variable) return true;
  return source->type->kind == types::Kind::pointer && source->type->element->kind == types::Kind::c_record &&
         source->kind != ExprKind::call;
}

uint32_t ProgramState::stack_budget(uint32_t depth) const {
  if (module.sparing()) return depth == 0 ? kSparingTotal : 0;
  // The functions of imported C files were compiled without knowledge of what stands above them.
  if (calls_c_) return loop_depth_ == 0 ? kStackBesideC : 0;
  if (loop_depth_ == 0) return kStackTotal;
  if (loop_depth_ > 2) return 0;  // up to eight frames: nothing but spilled registers on any
  const uint32_t share = (kStackTotal - 64 - kSharedLimit) / (loop_depth_ + 1);
  return depth == 0 ? share + 32 : share;
}

uint32_t ProgramState::scratch_allocate(uint32_t size) {
  const uint32_t offset = scratch_top_;
  scratch_top_ += (size + 7) / 8 * 8;
  scratch_peak_ = std::max(scratch_peak_, scratch_top_);
  return offset;
}

std::string ProgramState::loop_name() {
  return module.image().programs[id.value].symbol + "_loop" + std::to_string(loops_++);
}

}  // namespace sonde::lower
