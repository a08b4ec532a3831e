/* Tables by which dw_ustack walks a stack without frame pointers: written by the runtime from .eh_frame, read by the BPF
 * routine stdlib/bpf/unwind.bpf.c. Plain C, since both include it. */
#pragma once

#ifdef __cplusplus
#include <cstdint>
#define SONDE_TABLE_U64 uint64_t
#else
#define SONDE_TABLE_U64 __u64
#define uint32_t __u32
#define uint16_t __u16
#define uint8_t __u8
#define int32_t __s32
#define int16_t __s16
#endif

/* How the canonical frame address (the stack pointer before the call) is found. The return address lies 8 below it. */
enum sonde_cfa_rule {
  SONDE_CFA_NONE = 0,      /* nothing is known from this address on: the walk ends */
  SONDE_CFA_STACK = 1,     /* stack pointer + offset */
  SONDE_CFA_FRAME = 2,     /* frame pointer + offset */
  SONDE_CFA_PLT = 3,       /* a stub that pushes one word at byte `offset` of its 16 */
  SONDE_CFA_SIGNAL = 4,    /* a signal handler's return: registers lie in the ucontext */
  SONDE_CFA_OUTERMOST = 5, /* the first function of a thread: the walk is complete */
};

/* Where the caller's frame pointer is. */
enum sonde_frame_rule {
  SONDE_FRAME_SAME = 0,  /* still in its register */
  SONDE_FRAME_SAVED = 1, /* at CFA + offset */
  SONDE_FRAME_LOST = 2,
};

/* Valid from `address` up to that of the next row of the same object. */
struct sonde_unwind_row {
  uint32_t address; /* bytes from the object's lowest mapped address */
  int32_t cfa_offset;
  int16_t frame_offset;
  uint8_t cfa_rule;
  uint8_t frame_rule;
  uint32_t unused; /* map values are multiples of eight bytes */
};

/* An executable mapping: rows [first_row, first_row + rows) of the map, by address - base. */
struct sonde_unwind_range {
  SONDE_TABLE_U64 start, end, base;
  uint32_t first_row, rows;
};

/* Powers of two: searches take as many steps as these have bits. */
#define SONDE_UNWIND_RANGES 256
#define SONDE_UNWIND_OBJECT_ROWS (1u << 20)

/* The address space of one process, ranges by address. */
struct sonde_unwind_space {
  SONDE_TABLE_U64 misses; /* walks that met an address outside all ranges; counted by the routine */
  uint32_t ranges, unused;
  struct sonde_unwind_range range[SONDE_UNWIND_RANGES];
};

/* What the routine starts from; the caller fills it. */
struct sonde_unwind_state {
  SONDE_TABLE_U64 ip, sp, fp;
  uint32_t process;   /* as the tracer's pid namespace numbers it */
  uint32_t is_return; /* the walk's own: ip is a return address, the call lies before it */
};

#ifndef __cplusplus
#undef uint32_t
#undef uint16_t
#undef uint8_t
#undef int32_t
#undef int16_t
#endif
