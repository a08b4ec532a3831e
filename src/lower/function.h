// Lowers one function of a BPF program: its entry or the body of a loop. Scalars are 64-bit values extended by the sign of
// their type; everything else is memory, written to a destination that the consumer chooses.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <functional>
#include <initializer_list>

#include "builtins/codegen.h"
#include "lower/known_values.h"
#include "lower/place.h"
#include "lower/program_state.h"

namespace sonde::lower {

using sema::Expr;
using types::TypeRef;

class FunctionLowering {
 public:
  explicit FunctionLowering(ProgramState& program);  // the entry function
  // A loop body, called by `caller`; `parameters` of the kernel's callback, the last one is the shared frame.
  FunctionLowering(FunctionLowering& caller, llvm::ArrayRef<llvm::Type*> parameters);

  void lower_entry();
  // --- values (expr.cc, expr_memory.cc) ---------------------------------------------------------------------------------
  llvm::Value* scalar(const Expr& expr);
  llvm::Value* condition(const Expr& expr);  // i1
  KnownValues::Outcome branch(const Expr& condition, llvm::BasicBlock* yes, llvm::BasicBlock* no);
  llvm::Value* memory(const Expr& expr);  // address of readable memory; not to be written
  // Writes the value of `expr` to `to`. `padded`: bytes that do not belong to the value must be zero (keys).
  void store_value(const Expr& expr, llvm::Value* to, bool padded);
  void discard(const Expr& expr);
  llvm::Value* equal(llvm::Value* left, TypeRef left_type, llvm::Value* right, TypeRef right_type);
  // --- places (places.cc) -----------------------------------------------------------------------------------------------
  Place place(const Expr& expr);
  Place member_place(Place from, const types::CRecord& record, const std::vector<const types::CField*>& path);
  bool has_place(const Expr& expr) const;
  llvm::Value* read_scalar(const Place& from, TypeRef type);
  void read_memory(const Place& from, TypeRef type, llvm::Value* to, bool padded);
  llvm::Value* address(const Place& from);  // i64, constant offset added
  bool is_typed(
      const Expr& pointer);  // whether the verifier knows it as a pointer to its kernel type (typed_places.cc)
  llvm::Value* typed_pointer(const Expr& pointer);  // its value, i64
  llvm::Value* load_typed(const Place& from, TypeRef type);
  void read_foreign(const Place& from, llvm::Value* to, llvm::Value* size);
  llvm::Value* context();  // address of the probe's context
  // Member `path` ("a.b.c") of the kernel record at address `base`, through pointers and embedded records.
  llvm::Value* kernel_field(llvm::Value* base, TypeRef record, std::string_view path);
  llvm::Value* context_load(uint32_t at, uint32_t size, bool is_signed);
  // --- maps (map_access.cc) ---------------------------------------------------------------------------------------------
  llvm::Value* key(const sema::Map* map, const Expr* key);  // address of key memory
  llvm::Value* lookup(const sema::Map* map, llvm::Value* key);
  // Address of the entry, made of zeros if missing; runs `use` where there is one, reports a full map where there is none.
  void with_entry(const sema::Map* map, llvm::Value* key, const std::function<void(llvm::Value*)>& use);
  llvm::Value* map_scalar(const sema::Map* map, const Expr* key);
  void map_memory(const sema::Map* map, const Expr* key, llvm::Value* to, bool padded);
  llvm::Value* aggregate_value(const sema::Map* map, llvm::Value* key);  // over all CPUs
  llvm::Value* delete_entry(const sema::Map* map, const Expr* key);
  llvm::Value* find_entry(const sema::Map* map, const Expr* key,
                          const sema::Variable* variable);  // variable may be null
  llvm::Value* map_length(const sema::Map* map);
  void assign_map(const sema::AssignMap& stmt);
  void store_entry(const sema::AssignMap& stmt);
  void update_map(const sema::UpdateMap& stmt);
  void update_aggregate(const sema::UpdateAggregate& stmt);
  llvm::Value* increment(const sema::Increment& expr);
  void mark_written(const sema::Map* map, llvm::Value* cell);
  void report_missing(llvm::Value* found);
  llvm::Value* empty_cell(const image::MapDesc& desc);
  // --- statements (stmt.cc, loops.cc) -----------------------------------------------------------------------------------
  void block(const sema::Block& body);
  void statements(const sema::Block& body);  // without giving back variables: for those who go on to read its value
  void statement(const sema::Stmt& stmt);
  void leave(llvm::Value* value);  // `return`; the insertion point is unreachable afterwards
  void conditional(const sema::Conditional& expr, const std::function<void(const Expr&)>& use);
  // --- calls (call.cc, events.cc) ---------------------------------------------------------------------------------------
  llvm::Value* call(const sema::Call& call, llvm::Value* to, bool padded);
  void event(const sema::Call& call);
  llvm::Value* c_call(const sema::CCall& call);
  void print_sequence(const sema::Call& call);  // sequence.cc: printf in an iterator
  // --- memory (memory.cc) -----------------------------------------------------------------------------------------------
  // Memory until the end of the innermost TempScope: stack while the budget lasts, else scratch.
  llvm::Value* allocate(uint32_t size);
  llvm::Value* allocate_scratch(uint32_t size);
  llvm::Value* declare(const sema::Variable* variable);  // its address
  llvm::Value* variable_address(const sema::Variable* variable);
  llvm::Value* load_variable(const sema::Variable* variable);               // a scalar
  void store_variable(const sema::Variable* variable, llvm::Value* value);  // a scalar
  llvm::Value* offset(llvm::Value* pointer, uint64_t bytes);
  llvm::Value* offset(llvm::Value* pointer, llvm::Value* bytes);
  llvm::Value* load(llvm::Value* from, TypeRef type);  // extended to 64 bits
  llvm::Value* load(llvm::Value* from, uint32_t size, bool is_signed);
  llvm::Value* recall(llvm::Value* from, uint32_t size, bool is_signed);  // a variable or an operand put aside
  void store(llvm::Value* to, uint32_t size, llvm::Value* value);
  void zero(llvm::Value* to, uint32_t size);
  void copy(llvm::Value* to, llvm::Value* from, uint32_t size);
  void copy_value(llvm::Value* to, TypeRef to_type, llvm::Value* from, TypeRef from_type, bool padded);
  void copy_string(llvm::Value* to, uint32_t to_size, llvm::Value* from, uint32_t from_size, bool padded);
  llvm::Value* bytes_equal(llvm::Value* left, llvm::Value* right, uint32_t size);
  llvm::Value* text_equal(llvm::Value* string, uint32_t capacity, std::string_view literal);
  llvm::Value* strings_equal(llvm::Value* left, llvm::Value* right, uint32_t limit);
  uint32_t known_alignment(llvm::Value* pointer);
  // The kernel refuses to read stack bytes that nothing has written; other memory may keep what it had.
  bool on_stack(llvm::Value* pointer) const;
  llvm::Value* zero_key();
  llvm::Value* scratch();  // base of this run's slot
  // --- the kernel (kernel_calls.cc) -------------------------------------------------------------------------------------
  llvm::Value* helper(uint32_t id, llvm::ArrayRef<llvm::Value*> operands);
  llvm::Value* helper_pointer(uint32_t id, llvm::ArrayRef<llvm::Value*> operands);  // its result is an address or null
  llvm::Value* probe_read(llvm::Value* to, llvm::Value* size, llvm::Value* address, types::Space space);
  llvm::Value* probe_read_string(llvm::Value* to, llvm::Value* size, llvm::Value* address, types::Space space);
  void report_error(image::ErrorKind kind, std::string_view helper, llvm::Value* code, bool optional,
                    image::MapId map = {});
  void count_loss(uint32_t field_offset);
  llvm::Value* bound(llvm::Value* value, uint64_t limit);
  llvm::Function* static_function(const std::string& name, llvm::ArrayRef<llvm::Type*> parameters,
                                  const std::function<void()>& body);
  llvm::Value* callback_frame();             // on the stack for a callback of ours, which alone may hold addresses
  llvm::Value* settled(llvm::Value* value);  // nothing is known to LLVM of how it was made
  // --- control flow -----------------------------------------------------------------------------------------------------
  llvm::BasicBlock* new_block(const char* name);
  void continue_in(llvm::BasicBlock* block);
  void if_then(llvm::Value* condition, const std::function<void()>& then_part, bool unlikely = false);
  llvm::Value* value_if(llvm::Value* condition, const std::function<llvm::Value*()>& then_part);  // otherwise 0
  void perhaps(const std::function<void()>& part);  // not sure to run: what it makes known is not known behind it
  llvm::Value* constant(uint64_t value) { return builder.getInt64(value); }
  llvm::Value* as_bool(llvm::Value* value) { return builder.CreateICmpNE(value, constant(0)); }
  llvm::Value* from_bool(llvm::Value* bit) { return builder.CreateZExt(bit, module.i64); }
  llvm::Value* canonical(llvm::Value* value, TypeRef type);  // wraps a 64-bit value to the type's width

  class At {  // place of the script that errors and line information refer to
   public:
    At(FunctionLowering& function, source::Range range, const std::vector<source::Range>* expanded_from);
    ~At();

   private:
    FunctionLowering& function_;
    image::SpanId outer_;
  };
  class TempScope {  // gives back what was allocated inside it
   public:
    explicit TempScope(FunctionLowering& function);
    ~TempScope();

   private:
    FunctionLowering& function_;
    size_t slots_;
    uint32_t scratch_;
    uint32_t registers_;
  };

  ProgramState& program;
  ModuleState& module;
  llvm::IRBuilder<> builder;
  llvm::Function* function = nullptr;
  image::SpanId span;
  KnownValues available;

 private:
  struct StackSlot {
    llvm::AllocaInst* memory;
    uint32_t size;
    bool used;
  };
  llvm::Value* iterator_member(const Place& from, TypeRef type);

  void start(const std::string& name, llvm::ArrayRef<llvm::Type*> parameters, bool is_static);
  void finish_scratch(llvm::BasicBlock* acquire, llvm::BasicBlock* release, llvm::BasicBlock* done);
  void finish_loop_scratch();
  void set_location();
  llvm::Value* loss_key();
  bool open() { return builder.GetInsertBlock()->getTerminator() == nullptr; }
  void keep_open();

  std::pair<llvm::Value*, llvm::Value*> operands(const Expr& left_expr, const Expr& right_expr);
  llvm::Value* scalar_binary(const sema::Binary& expr);
  llvm::Value* divide(const sema::Binary& expr);
  llvm::Value* compare(const sema::Binary& expr);  // i1
  llvm::Value* compare_memory(const sema::Binary& expr);
  llvm::Value* scalar_cast(const sema::Cast& expr);
  llvm::Value* scalar_conditional(const sema::Conditional& expr);
  llvm::Value* plain_number(llvm::Value* address, bool known);
  llvm::Value* pointer_add(const sema::PointerAdd& expr);
  llvm::Value* stack_memory(uint32_t size);
  llvm::Value* unfollowed(llvm::Value* value);
  void store_tuple(const sema::TupleMake& expr, llvm::Value* to, bool padded);
  void store_cast(const sema::Cast& expr, llvm::Value* to, bool padded);
  void zero_padding(TypeRef type, llvm::Value* to);
  Place field_place(const sema::Field& expr);
  Place context_place(const sema::Field& expr);
  Place argument_place(size_t field);
  void save_arguments(const sema::Program& reader);
  void find_saved_arguments();
  void forget_saved_arguments();
  llvm::Value* saved_arguments();
  llvm::Value* entry_key(image::ProgramId reader, bool at_return);
  llvm::Value* usdt_argument(uint32_t number);
  Place index_place(const sema::Index& expr);
  bool relocates(const Place& from, const types::CRecord& record) const;
  Place typed_place(const Expr& pointer);
  llvm::Value* typed_address(const Place& from);
  llvm::Value* read_bitfield(const Place& from, const sema::Field& expr);
  llvm::Value* data_loc(const Place& from, bool relative);
  void count_error(llvm::Value* index, llvm::Value* code);
  llvm::Function* error_function();
  llvm::Function* per_cpu_function(const std::string& name, image::MapId map,
                                   const std::function<void(llvm::Value*, llvm::Value*)>& body);
  llvm::Value* for_each_cpu(llvm::Function* callback, llvm::Value* key_memory);
  llvm::Value* average(llvm::Value* total, llvm::Value* count, bool is_signed);
  void fill_event(const image::EventLayout& layout, llvm::Value* record, llvm::ArrayRef<const Expr*> fields,
                  llvm::ArrayRef<llvm::Value*> ready);
  void copy_arguments(TypeRef type, llvm::Value* to);
  void store_stats(const sema::MapRead& read, llvm::Value* to);
  std::pair<llvm::Value*, llvm::Value*> aggregate_totals(const sema::Map* map, llvm::Value* key_memory);
  void for_range(const sema::ForRange& stmt);
  void for_map(const sema::ForMap& stmt);
  void while_loop(const sema::While& stmt);
  void jump(const sema::Jump& stmt);
  void start_loop_body();
  void finish_loop_body();
  void after_loop(const sema::Block& body);
  void report_loop_limit();

  uint32_t depth_ = 0;
  uint32_t stack_left_ = 0;
  uint32_t registers_ = 0, waiting_ = 0;  // scalar variables, and operands that wait, in registers
  std::vector<StackSlot> slots_;
  std::vector<size_t> live_slots_;
  llvm::BasicBlock* allocas_ = nullptr;  // entry block: allocas and what must dominate everything
  llvm::Value* zero_key_ = nullptr;
  llvm::Value *loss_key_ = nullptr, *increment_result_ = nullptr;
  llvm::Value* entry_key_ = nullptr;        // of the saved arguments
  llvm::Value* saved_arguments_ = nullptr;  // entry function: map memory
  llvm::Value* callback_frame_ = nullptr;
  llvm::Value* shared_ = nullptr;
  llvm::Value* context_ = nullptr;
  llvm::Instruction* scratch_value_ = nullptr;  // stands for the slot's address until the function is complete
  llvm::Value* return_value_ = nullptr;         // entry function: where `return e` puts e
  llvm::BasicBlock* leave_ = nullptr;           // entry function: gives back the slot
  llvm::BasicBlock* break_ = nullptr;
  llvm::BasicBlock* continue_ = nullptr;
  llvm::DISubprogram* subprogram_ = nullptr;
};

// Widest naturally aligned access at `offset` of a block with `left` bytes to go.
uint32_t access_size(uint32_t alignment, uint32_t offset, uint32_t left);

}  // namespace sonde::lower
