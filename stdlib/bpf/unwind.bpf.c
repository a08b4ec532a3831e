// Walks a user stack by tables that the runtime made from .eh_frame. x86_64 only.
//
// The searches have no data-dependent branch: each would double the paths that the verifier follows.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "image/unwind_tables.h"

// The maps are the module's; only their addresses are needed here.
extern char sonde_unwind_rows[] __hidden;
extern char sonde_unwind_spaces[] __hidden;

#define ROW_STEPS 20
#define RANGE_STEPS 8
// struct rt_sigframe of the x86_64 ABI: registers in the ucontext, bytes from the stack pointer at the handler's return.
#define SIGNAL_FP 120
#define SIGNAL_SP 160
#define SIGNAL_IP 168

struct walk {
  struct sonde_unwind_state *state;
  struct sonde_unwind_space *space;
  __u64 *frames;
  __u64 limit;
  __u64 count;
};

// All bits set if left < right, for numbers below 2^63. Opaque, or clang would make branches of it again.
static __always_inline __u64 below(__u64 left, __u64 right) {
  barrier_var(left);
  __u64 mask = (__u64)((__s64)(left - right) >> 63);
  barrier_var(mask);
  return mask;
}

static __always_inline struct sonde_unwind_range *find_range(struct sonde_unwind_space *space, __u64 address) {
  __u64 position = 0;
  for (int bit = RANGE_STEPS - 1; bit >= 0; --bit) {
    const __u64 next = (position + (1u << bit)) & (SONDE_UNWIND_RANGES - 1);
    const __u64 take = below(next, space->ranges) & ~below(address, space->range[next].start);
    position = (position & ~take) | (next & take);
  }
  struct sonde_unwind_range *range = &space->range[position & (SONDE_UNWIND_RANGES - 1)];
  return address >= range->start && address < range->end ? range : 0;
}

static __always_inline struct sonde_unwind_row *find_row(const struct sonde_unwind_range *range, __u64 address) {
  const __u64 wanted = address - range->base;
  const __u64 rows = range->rows;
  __u64 position = 0;
  for (int bit = ROW_STEPS - 1; bit >= 0; --bit) {
    const __u64 next = position + (1u << bit);
    const __u64 inside = below(next, rows);
    __u32 key = range->first_row + (__u32)(next & inside);
    const struct sonde_unwind_row *row = bpf_map_lookup_elem(sonde_unwind_rows, &key);
    if (!row) return 0;
    const __u64 take = inside & ~below(wanted, row->address);
    position = (position & ~take) | (next & take);
  }
  __u32 key = range->first_row + (__u32)position;
  return bpf_map_lookup_elem(sonde_unwind_rows, &key);
}

static __always_inline __u64 read_word(__u64 address) {
  __u64 word = 0;
  bpf_probe_read_user(&word, sizeof(word), (const void *)address);
  return word;
}

static __always_inline void leave_signal(struct sonde_unwind_state *state) {
  const __u64 sp = state->sp;
  state->ip = read_word(sp + SIGNAL_IP);
  state->fp = read_word(sp + SIGNAL_FP);
  state->sp = read_word(sp + SIGNAL_SP);
  state->is_return = 0;
}

static __always_inline void leave_function(struct sonde_unwind_state *state, const struct sonde_unwind_row *row) {
  __u64 cfa = state->sp + row->cfa_offset;
  if (row->cfa_rule == SONDE_CFA_FRAME) cfa = state->fp + row->cfa_offset;
  if (row->cfa_rule == SONDE_CFA_PLT) cfa = state->sp + 8 + ((state->ip & 15) >= (__u32)row->cfa_offset ? 8 : 0);
  if (row->frame_rule == SONDE_FRAME_SAVED) state->fp = read_word(cfa + row->frame_offset);
  if (row->frame_rule == SONDE_FRAME_LOST) state->fp = 0;
  state->ip = read_word(cfa - 8);
  state->sp = cfa;
  state->is_return = 1;
}

static long step(__u32 index, struct walk *walk) {
  struct sonde_unwind_state *state = walk->state;
  if (index >= walk->limit) return 1;
  walk->frames[index] = state->ip;
  walk->count = index + 1;
  const __u64 address = state->ip - state->is_return;
  const struct sonde_unwind_range *range = find_range(walk->space, address);
  if (!range) {
    __sync_fetch_and_add(&walk->space->misses, 1);
    return 1;
  }
  const struct sonde_unwind_row *row = find_row(range, address);
  if (!row || row->cfa_rule == SONDE_CFA_NONE || row->cfa_rule == SONDE_CFA_OUTERMOST) return 1;
  if (row->cfa_rule == SONDE_CFA_SIGNAL)
    leave_signal(state);
  else
    leave_function(state, row);
  return state->ip == 0;
}

// Writes at most `limit` frames, innermost first, and returns how many; of a process without tables only the innermost.
// `limit` must be a constant above 0 and `frames` that large.
__hidden __attribute__((noinline)) __u64 sonde_unwind(struct sonde_unwind_state *state, __u64 *frames, __u64 limit) {
  struct walk walk = {.state = state, .frames = frames, .limit = limit};
  __u32 process = state->process;
  walk.space = bpf_map_lookup_elem(sonde_unwind_spaces, &process);
  if (state->ip == 0) return 0;
  if (!walk.space) {
    frames[0] = state->ip;
    return 1;
  }
  bpf_loop((__u32)limit, step, &walk, 0);
  return walk.count;
}
