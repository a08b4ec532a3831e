/* The user binary of the recorded machine, for uprobes. Only its symbols matter, so the functions hold no code and any
   assembler takes it. */
	.text
	.macro function name, bytes, size
	.globl \name
	.type \name, "function"
\name:
	.zero \bytes
	.size \name, \size
	.endm

	function add, 48, 44
	function subtract, 16, 16
	function sizeless, 16, 0

	.section .note.GNU-stack, ""
