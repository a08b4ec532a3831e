/* The grammar of the probe language, without conflicts. What needs context (is `(` a cast, is `{` a statement, does `/` end a
   predicate, is a word a keyword) was settled by src/parse/token_filter.cc, which gives such tokens kinds of their own.
   Actions only call makers of parse::Builder; the wording of syntax errors is in src/parse/syntax_error.cc. */
%require "3.8"
%language "c++"
%skeleton "lalr1.cc"
%define api.namespace {sonde::grammar}
%define api.parser.class {Parser}
%define api.value.type variant
%define api.value.automove
%define api.location.type {sonde::source::Range}
%define parse.error custom
%define parse.lac full
%locations
%expect 0

%code requires {
#include "parse/builder.h"
namespace sonde::parse { class TokenCursor; }
}
%parse-param { sonde::parse::Builder& make }
%parse-param { sonde::parse::TokenCursor& tokens }
%lex-param { sonde::parse::TokenCursor& tokens }

%code {
#include "parse/token_cursor.h"

// An empty right side stands just behind the symbol before it.
#define YYLLOC_DEFAULT(current, rhs, count)                                     \
  (current) = (count) ? sonde::source::cover(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, count)) \
                      : sonde::source::Range{YYRHSLOC(rhs, 0).buffer, YYRHSLOC(rhs, 0).end, YYRHSLOC(rhs, 0).end}

static int yylex(sonde::grammar::Parser::value_type*, sonde::source::Range* range,
                 sonde::parse::TokenCursor& tokens) {
  return tokens.take(*range);
}
}

%token END 0
/* Made by item_lexer.cc: whole C items, raw attach points, the words that open an item, the end of an item. */
%token C_ITEM ATTACH CONFIG ROOT_IMPORT MACRO ROOT_LET FN ITEM_END EXPRESSION_START
%token PRED_BEGIN "/ predicate" PRED_END "/ {"
%token IDENT INT STRING VARIABLE MAP POSITIONAL POSITIONAL_COUNT
/* Words and brackets whose role token_filter.cc found out. KEYED_MAP: a `[` follows. STMT_*: at the start of a statement. */
%token TRUE FALSE IF ELSE SIZEOF OFFSETOF TYPEINFO TYPEOF COMPTIME
%token BREAK CONTINUE RETURN LET WHILE FOR UNROLL IMPORT UNDERSCORE
%token STRUCT UNION ENUM TYPE_NAME KEYED_MAP STMT_IF
%token STMT_LBRACE "{ statement" CAST_LPAREN "( cast" RECORD_LPAREN "( record"
%token LPAREN "(" RPAREN ")" LBRACE "{" RBRACE "}" LBRACKET "[" RBRACKET "]"
%token COMMA "," SEMICOLON ";" COLON ":" QUESTION "?" DOT "." ARROW "->" RANGE ".."
%token ASSIGN "=" ADD_ASSIGN "+=" SUB_ASSIGN "-=" MUL_ASSIGN "*=" DIV_ASSIGN "/=" MOD_ASSIGN "%="
%token AND_ASSIGN "&=" OR_ASSIGN "|=" XOR_ASSIGN "^=" SHL_ASSIGN "<<=" SHR_ASSIGN ">>="
%token OR "||" AND "&&" PIPE "|" CARET "^" AMP "&" EQ "==" NE "!=" LT "<" LE "<=" GT ">" GE ">=" SHL "<<" SHR ">>"
%token PLUS "+" MINUS "-" STAR "*" SLASH "/" PERCENT "%" NOT "!" TILDE "~" INC "++" DEC "--"
/* Never accepted: a string without end, a `$` without name, a byte that begins no token. */
%token BAD_STRING BAD_DOLLAR JUNK

%left "||"
%left "&&"
%left "|"
%left "^"
%left "&"
%left "==" "!="
%left "<" "<=" ">" ">="
%left "<<" ">>"
%left "+" "-"
%left "*" "/" "%"

%nterm <const ast::Expr*> expr binary unary postfix primary call_argument block_expr block_like else_part if_tail map_ref range_end variable
%nterm <const ast::Stmt*> simple blocked
%nterm <const ast::Block*> block plain_block statement_block
%nterm <ast::Block> braced
%nterm <parse::Body> body
%nterm <const ast::Type*> type type_ref
%nterm <std::vector<ast::Type::Suffix>> suffixes
%nterm <ast::TypeOrExpr> type_or_expr
%nterm <std::vector<const ast::Expr*>> exprs arguments argument_list
%nterm <std::vector<ast::Record::Field>> fields
%nterm <std::vector<std::string>> path
%nterm <parse::LoopSource> iterable
%nterm <std::optional<ast::BinaryOp>> assign_op
%nterm <std::vector<ast::AttachPoint>> attach_points
%nterm <const ast::Expr*> predicate
%nterm <std::vector<ast::MacroParam>> macro_params macro_param_list
%nterm <ast::MacroParam> macro_param

%%

start: program
     | EXPRESSION_START expr             { make.finish_expression($2); }

/* --- top level: every item ends in ITEM_END, which is where parsing resumes after an error outside of blocks; in a block it is
   the end of the statement (src/parse/recovery.cc) ------------------------------------------------------------------ */

program: %empty
       | program item ITEM_END
       | program error ITEM_END          { yyerrok; }

item: C_ITEM                             { make.c_item(@1); }
    | CONFIG "=" "{" config_body "}"     { make.config(@1, @$); }
    | ROOT_IMPORT STRING ";"             { make.root_import(@1, @2); }
    | ROOT_LET MAP "=" IDENT "(" INT ")" opt_semicolon  { make.map_decl(@$, @2, @4, @6); }
    | MACRO IDENT "(" macro_params ")" block            { make.macro(@$, @2, $4, $6); }
    | FN IDENT "(" fn_params ")" ":" type_ref block     { make.function(@$, @2); }
    | attach_points opt_comma predicate block           { make.probe(@$, $1, $3, $4); }

opt_semicolon: %empty | ";"
opt_comma: %empty | ","

config_body: %empty | config_assigns | config_assigns ";"
config_assigns: config_assign | config_assigns ";" config_assign
config_assign: IDENT "=" STRING          { make.config_assign(@1, @3, parse::ConfigToken::string); }
             | IDENT "=" INT             { make.config_assign(@1, @3, parse::ConfigToken::integer); }
             | IDENT "=" IDENT           { make.config_assign(@1, @3, parse::ConfigToken::word); }

macro_params: %empty                     { }
            | macro_param_list           { $$ = $1; }
macro_param_list: macro_param            { $$.push_back($1); }
                | macro_param_list "," macro_param  { $$ = $1; $$.push_back($3); }
macro_param: VARIABLE                    { $$ = make.macro_param(ast::ParamKind::variable, @1); }
           | MAP                         { $$ = make.macro_param(ast::ParamKind::map, @1); }
           | IDENT                       { $$ = make.macro_param(ast::ParamKind::expression, @1); }

fn_params: %empty | fn_param_list
fn_param_list: fn_param | fn_param_list "," fn_param
fn_param: VARIABLE ":" type_ref

attach_points: ATTACH                    { $$.push_back(make.attach_point(@1)); }
             | attach_points "," ATTACH  { $$ = $1; $$.push_back(make.attach_point(@3)); }
predicate: %empty                        { $$ = nullptr; }
         | PRED_BEGIN expr PRED_END      { $$ = $2; }

/* --- statements --------------------------------------------------------------------------------------------------- */

block: plain_block | statement_block
plain_block: "{" braced                  { $$ = make.closed(@$, $2); }
statement_block: STMT_LBRACE braced      { $$ = make.closed(@$, $2); }
/* The last statement or value may go without `;`. */
braced: body "}"                         { $$ = make.block($1); }
      | body error "}"                   { $$ = make.block($1); yyerrok; }
      | body simple "}"                  { $$ = make.block($1, $2); }
      | body expr "}"                    { $$ = make.block($1, $2); }

body: %empty                             { }
    | body simple ";"                    { $$ = make.append($1, $2); }
    | body expr ";"                      { $$ = make.append($1, make.expression_statement($2)); }
    | body IMPORT STRING ";"             { $$ = make.append($1, make.import_statement(source::cover(@2, @3), @3)); }
    | body blocked                       { $$ = make.append($1, $2); }
    | body block_like                    { $$ = make.append_open($1, $2); }
    | body block_like ";"                { $$ = make.append($1, make.expression_statement($2)); }
    | body error ";"                     { $$ = $1; yyerrok; }

simple: BREAK                            { $$ = make.jump(@$, ast::JumpKind::break_jump, nullptr); }
      | CONTINUE                         { $$ = make.jump(@$, ast::JumpKind::continue_jump, nullptr); }
      | RETURN                           { $$ = make.jump(@$, ast::JumpKind::return_jump, nullptr); }
      | RETURN expr                      { $$ = make.jump(@$, ast::JumpKind::return_jump, $2); }
      | UNDERSCORE "=" expr              { $$ = make.discard(@$, $3); }
      | LET variable                     { $$ = make.let(@$, $2, nullptr, nullptr); }
      | LET variable ":" type_ref        { $$ = make.let(@$, $2, $4, nullptr); }
      | LET variable "=" expr            { $$ = make.let(@$, $2, nullptr, $4); }
      | LET variable ":" type_ref "=" expr  { $$ = make.let(@$, $2, $4, $6); }
      | expr assign_op expr              { $$ = make.assign(@$, $1, @2, $2, $3); }

variable: VARIABLE                       { $$ = make.variable(@1); }

assign_op: "="   { }
         | "+="  { $$ = ast::BinaryOp::add; }
         | "-="  { $$ = ast::BinaryOp::sub; }
         | "*="  { $$ = ast::BinaryOp::mul; }
         | "/="  { $$ = ast::BinaryOp::div; }
         | "%="  { $$ = ast::BinaryOp::mod; }
         | "&="  { $$ = ast::BinaryOp::bit_and; }
         | "|="  { $$ = ast::BinaryOp::bit_or; }
         | "^="  { $$ = ast::BinaryOp::bit_xor; }
         | "<<=" { $$ = ast::BinaryOp::shl; }
         | ">>=" { $$ = ast::BinaryOp::shr; }

blocked: WHILE unary block               { $$ = make.while_loop(@$, $2, $3); }
       | UNROLL unary block              { $$ = make.unroll(@$, $2, $3); }
       | FOR "(" variable ":" iterable ")" block  { $$ = make.for_loop(@$, $3, $5, $7); }
       | FOR variable ":" iterable block          { $$ = make.for_loop(@$, $2, $4, $5); }

iterable: MAP                            { $$.map = make.map(@1); }
        | primary ".." range_end         { $$.begin = $1; $$.end = $3; }
range_end: primary
         | COMPTIME unary                { $$ = make.comptime(@$, $2); }

/* An `if` or a block at the start of a statement ends it, whatever follows. */
block_like: STMT_IF unary block if_tail  { $$ = make.if_expr(@$, $2, $3, $4); }
          | statement_block              { $$ = make.block_expr($1); }
if_tail: %empty                          { $$ = nullptr; }
       | ELSE else_part                  { $$ = $2; }
else_part: block                         { $$ = make.block_expr($1); }
         | IF unary block if_tail        { $$ = make.if_expr(@$, $2, $3, $4); }

/* --- expressions -------------------------------------------------------------------------------------------------- */

expr: binary
    | binary "?" expr ":" expr           { $$ = make.ternary(@$, $1, $3, $5); }
    | binary "?" ":" expr                { $$ = make.ternary(@$, $1, nullptr, $4); }

binary: unary
      | binary "||" binary               { $$ = make.binary(@$, ast::BinaryOp::logical_or, @2, $1, $3); }
      | binary "&&" binary               { $$ = make.binary(@$, ast::BinaryOp::logical_and, @2, $1, $3); }
      | binary "|" binary                { $$ = make.binary(@$, ast::BinaryOp::bit_or, @2, $1, $3); }
      | binary "^" binary                { $$ = make.binary(@$, ast::BinaryOp::bit_xor, @2, $1, $3); }
      | binary "&" binary                { $$ = make.binary(@$, ast::BinaryOp::bit_and, @2, $1, $3); }
      | binary "==" binary               { $$ = make.binary(@$, ast::BinaryOp::eq, @2, $1, $3); }
      | binary "!=" binary               { $$ = make.binary(@$, ast::BinaryOp::ne, @2, $1, $3); }
      | binary "<" binary                { $$ = make.binary(@$, ast::BinaryOp::lt, @2, $1, $3); }
      | binary "<=" binary               { $$ = make.binary(@$, ast::BinaryOp::le, @2, $1, $3); }
      | binary ">" binary                { $$ = make.binary(@$, ast::BinaryOp::gt, @2, $1, $3); }
      | binary ">=" binary               { $$ = make.binary(@$, ast::BinaryOp::ge, @2, $1, $3); }
      | binary "<<" binary               { $$ = make.binary(@$, ast::BinaryOp::shl, @2, $1, $3); }
      | binary ">>" binary               { $$ = make.binary(@$, ast::BinaryOp::shr, @2, $1, $3); }
      | binary "+" binary                { $$ = make.binary(@$, ast::BinaryOp::add, @2, $1, $3); }
      | binary "-" binary                { $$ = make.binary(@$, ast::BinaryOp::sub, @2, $1, $3); }
      | binary "*" binary                { $$ = make.binary(@$, ast::BinaryOp::mul, @2, $1, $3); }
      | binary "/" binary                { $$ = make.binary(@$, ast::BinaryOp::div, @2, $1, $3); }
      | binary "%" binary                { $$ = make.binary(@$, ast::BinaryOp::mod, @2, $1, $3); }

unary: postfix
     | "!" unary                         { $$ = make.unary(@$, ast::UnaryOp::logical_not, $2); }
     | "~" unary                         { $$ = make.unary(@$, ast::UnaryOp::bit_not, $2); }
     | "-" unary                         { $$ = make.unary(@$, ast::UnaryOp::negate, $2); }
     | "*" unary                         { $$ = make.unary(@$, ast::UnaryOp::dereference, $2); }
     | "++" unary                        { $$ = make.inc_dec(@$, @1, true, true, $2); }
     | "--" unary                        { $$ = make.inc_dec(@$, @1, false, true, $2); }
     | "&" unary                         { $$ = make.address_of(@$, $2); }
     | CAST_LPAREN type_ref ")" unary    { $$ = make.cast(@$, $2, $4); }
     | COMPTIME unary                    { $$ = make.comptime(@$, $2); }

postfix: primary
       | postfix member IDENT            { $$ = make.field(@$, $1, @3); }
       | postfix member INT              { $$ = make.tuple_index(@$, $1, @3); }
       | postfix "[" expr "]"            { $$ = make.index(@$, $1, $3); }
       | postfix "++"                    { $$ = make.inc_dec(@$, @2, true, false, $1); }
       | postfix "--"                    { $$ = make.inc_dec(@$, @2, false, false, $1); }

member: "." | "->"

primary: INT                             { $$ = make.int_literal(@1); }
       | STRING                          { $$ = make.string_literal(@1); }
       | TRUE                            { $$ = make.bool_literal(@1, true); }
       | FALSE                           { $$ = make.bool_literal(@1, false); }
       | variable
       | map_ref
       | POSITIONAL                      { $$ = make.positional(@1); }
       | POSITIONAL_COUNT                { $$ = make.positional_count(@1); }
       | IDENT                           { $$ = make.identifier(@1); }
       | IDENT "(" arguments ")"         { $$ = make.call(@$, @1, $3); }
       | "(" ")"                         { $$ = make.tuple(@$, {}); }
       | "(" expr ")"                    { $$ = make.group($2); }
       | "(" expr "," ")"                { $$ = make.tuple(@$, {$2}); }
       | "(" expr "," exprs opt_comma ")"  { $$ = make.tuple(@$, $2, $4); }
       | RECORD_LPAREN fields ")"        { $$ = make.record(@$, $2); }
       | IF unary block if_tail          { $$ = make.if_expr(@$, $2, $3, $4); }
       | block_expr
       | SIZEOF "(" type_or_expr ")"     { $$ = make.size_of(@$, $3); }
       | TYPEINFO "(" type_or_expr ")"   { $$ = make.type_info(@$, $3); }
       | OFFSETOF "(" type_or_expr "," path ")"  { $$ = make.offset_of(@$, $3, $5); }

block_expr: plain_block                  { $$ = make.block_expr($1); }

map_ref: MAP                             { $$ = make.map(@1); }
       | KEYED_MAP "[" exprs "]"         { $$ = make.keyed_map(@$, @1, $3); }

exprs: expr                              { $$.push_back($1); }
     | exprs "," expr                    { $$ = $1; $$.push_back($3); }

arguments: %empty                        { }
         | argument_list
argument_list: call_argument             { $$.push_back($1); }
             | argument_list "," call_argument  { $$ = $1; $$.push_back($3); }
call_argument: expr
             | TYPEOF "(" type_or_expr ")"  { $$ = make.typeof_argument(@$, $3); }

fields: IDENT "=" expr                   { make.add_field($$, @1, $3); }
      | fields "," IDENT "=" expr        { $$ = $1; make.add_field($$, @3, $5); }

path: IDENT                              { $$.push_back(make.text(@1)); }
    | path member IDENT                  { $$ = $1; $$.push_back(make.text(@3)); }

/* --- types -------------------------------------------------------------------------------------------------------- */

type_or_expr: type                       { $$.type = $1; }
            | TYPEOF "(" type_or_expr ")"  { $$.type = make.typeof_type(@$, $3); }
            | expr                       { $$.expr = $1; }

type_ref: type
        | TYPEOF "(" type_or_expr ")"    { $$ = make.typeof_type(@$, $3); }

type: TYPE_NAME suffixes                 { $$ = make.type(@$, ast::TypeTag::none, @1, $2); }
    | STRUCT IDENT suffixes              { $$ = make.type(@$, ast::TypeTag::struct_tag, @2, $3); }
    | UNION IDENT suffixes               { $$ = make.type(@$, ast::TypeTag::union_tag, @2, $3); }
    | ENUM IDENT suffixes                { $$ = make.type(@$, ast::TypeTag::enum_tag, @2, $3); }

suffixes: %empty                         { }
        | suffixes "*"                   { $$ = $1; $$.push_back({.pointer = true, .length = {}}); }
        | suffixes "[" "]"               { $$ = $1; $$.push_back({}); }
        | suffixes "[" INT "]"           { $$ = $1; $$.push_back({.pointer = false, .length = make.integer(@3)}); }

%%
