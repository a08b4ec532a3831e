// Visits the expressions and statements below a node of the typed program (private to this folder).
#pragma once

#include "sema/typed_program.h"

namespace sonde::lower {

// Derive, override what matters and call the base to go on. A loop's body is announced by enter_loop and leave_loop.
class TreeWalk {
 public:
  virtual ~TreeWalk() = default;
  virtual void expression(const sema::Expr& expr);
  virtual void statement(const sema::Stmt& stmt);
  void block(const sema::Block& body);

 protected:
  virtual void variable(const sema::Variable*) {}  // every mention that is not its declaration
  virtual void declare(const sema::Variable*) {}
  virtual void enter_loop() {}
  virtual void leave_loop() {}

 private:
  void optional(const sema::Expr* expr) {
    if (expr) expression(*expr);
  }
  void loop(const sema::Block& body, const sema::Variable* variable, const sema::Expr* condition);
};

}  // namespace sonde::lower
