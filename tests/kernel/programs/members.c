// Calls functions with structures that have members of every kind, all of known content. A test reads them there.
#include "members.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define PROBED __attribute__((noinline, noipa))

PROBED int take(struct members* all, struct bits* bits, struct node** slot, int (*row)[3], char** words) {
  __asm__ volatile("" : : "r"(bits), "r"(slot), "r"(row), "r"(words) : "memory");
  return all->i;
}

// Strings can be read by a probe only once their pages are there.
PROBED int touch(const char* text) { return text[0]; }

static int callback(int value) { return value; }

static void numbers(struct members* all) {
  all->sc = -1;
  all->uc = 255;
  all->s = -300;
  all->us = 65535;
  all->i = -70000;
  all->u = 4000000000U;
  all->l = -5000000000;
  all->ul = 10000000000000000000UL;
  for (int i = 0; i < 5; i++) all->flags[i] = i % 2;
  for (int i = 0; i < 6; i++) all->grid[i / 3][i % 3] = i % 2 ? -i : i;
  for (int i = 0; i < 8; i++) all->cube[i / 4][i / 2 % 2][i % 2] = (short)-i;
  memcpy(all->bytes, "\x00\xff\x7f\x80", 4);
  memcpy(all->sbytes, "\xffz\x01", 3);
  all->mixed.uc[0] = 1;
  all->mixed.uc[1] = 2;
  all->mixed.uc[7] = 0x80;
  all->wide = WIDE_HIGH;
  all->narrow = NARROW_B;
  all->below = BELOW_A;
  all->narrows[0] = NARROW_B;
  all->narrows[1] = 77;
  all->an = 41;
  all->in.deep = 42;
  all->ua = 0x64636261;
  all->points[0] = (struct point){1, 2};
  all->points[1] = (struct point){3, -4};
  all->len = 4;
  for (int i = 0; i < 4; i++) all->flex[i] = (i + 1) * 100;
}

static void bit_fields(struct members* all) {
  struct bits* bits = &all->bits;
  bits->sa = -3;
  bits->sb = -60;
  bits->ua = 21;
  bits->lw = -123456789012;
  bits->uw = 0xabcde;
  bits->ca = -2;
  bits->cb = 7;
  bits->na = 300;
  bits->ia = -17;
  bits->ib = 0x2abcdef;
  bits->bo = 1;
  bits->nb = NARROW_B;
  bits->bb = BELOW_A;
  struct dense* dense = &all->dense;
  dense->c = 'x';
  dense->l = -1234567890123;
  dense->s[0] = -1;
  dense->s[1] = 2;
  dense->s[2] = -3;
  dense->a = 5;
  dense->b = 0x2aaaaaaa;
  dense->d = 0x7bcdef01;
  dense->self = dense;
}

int main(void) {
  static int three[3] = {7, -8, 9};
  static struct node second = {.v = 22}, first = {.v = 11, .next = &second}, *slot = &first, **slots = &slot;
  struct members* all = calloc(1, sizeof(struct members) + 4 * sizeof(int));
  if (!all) return 1;
  first.slot = &slot;
  numbers(all);
  bit_fields(all);
  strcpy(all->text, "hello");
  memcpy(all->full, "full", 4);
  strcpy(all->lines[0], "ab");
  strcpy(all->lines[1], "cdef");
  all->str = "a string";
  all->strs[0] = "zero";
  all->strs[1] = "one";
  all->node = all->nodes[0] = first;
  all->nodes[1] = second;
  all->pnode = &first;
  all->ppnode = &slot;
  all->pppnode = &slots;
  all->row = &three;
  all->ip = three;
  all->ips[0] = three + 1;
  all->vp = three;
  all->vpp = (void**)&all->ip;
  all->fn = all->fns[0] = callback;
  char* words[] = {"zeroth", "first", NULL};
  for (int i = 0; i < 2; i++) touch(words[i]), touch(all->strs[i]);
  touch(all->str);
  take(all, &all->bits, &slot, &three, words);
  return 0;
}
