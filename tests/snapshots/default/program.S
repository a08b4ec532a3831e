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

	/* A static probe whose second argument is a floating-point number. */
	.section .note.stapsdt, "", "note"
	.balign 4
	.4byte 2f - 1f, 4f - 3f, 3
1:	.asciz "stapsdt"
2:	.balign 4
3:	.8byte add, 0, 0
	.asciz "demo"
	.asciz "weights"
	.asciz "-4@$-7 8f@%xmm0"
4:	.balign 4

	.section .note.GNU-stack, ""
