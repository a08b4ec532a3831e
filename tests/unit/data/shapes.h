// Definitions that the compiler of the tests and sonde's own parser both read; cdef_layout_test.cc compares them.
// Everything is at file level, so that C++ gives the tags the scope that C gives them.
enum Color { RED, GREEN = 5, BLUE };
enum Signed { MINUS = -3, PLUS = 1 << 4, SUM = PLUS + GREEN * 2 };
enum __attribute__((packed)) Tiny { TINY_A, TINY_B };
enum Wide { WIDE_A = 1, WIDE_B = 0x100000000 };

struct Basic {
  char c;
  short s;
  int i;
  long l;
  long long ll;
  unsigned char uc;
  unsigned short int us;
  unsigned u;
  unsigned long ul;
  long unsigned int lui;
  signed char sc;
  _Bool b;
};

struct Words {
  uint8_t a;
  uint64_t b;
  int16_t c;
  size_t d;
  int32_t e;
};

struct Pointers {
  char tag;
  void *p;
  const char *const *names;
  int (*call)(int, struct Pointers *);
  int (*table[3])(void);
  int (*grid)[4];
  struct Pointers *next;
  struct Nowhere *unknown;
};

struct Arrays {
  char name[5];
  short matrix[2][3];
  int sized[sizeof(long) * 2 + (1 ? 2 : 3)];
  char text[GREEN + 1][4];
  unsigned char tail[];
};

struct Inner {
  char a;
  long b;
};
struct Nested {
  char first;
  struct Inner inner;
  struct Inner many[2];
  union {
    int as_int;
    char as_bytes[6];
  };
  struct {
    char x;
    int y;
  } named;
  struct {
    short low;
    struct {
      long deep;
    };
  };
  enum Color color;
  enum Tiny tiny;
  enum Wide wide;
};

union Overlay {
  char bytes[7];
  int number;
  struct Inner inner;
};

struct __attribute__((packed)) Packed {
  char a;
  int b;
  struct Inner inner;
  short c;
};
struct PackedBehind {
  char a;
  long b;
  short c;
} __attribute__((packed));
struct PackedAligned {
  char a;
  int b;
} __attribute__((packed, aligned(4)));
struct Aligned {
  char a;
  int b __attribute__((aligned(16)));
  char c;
} __attribute__((aligned(32)));
struct MemberPacked {
  char a;
  long b __attribute__((packed));
  char c;
  long d;
};
struct Holder {
  char a;
  struct Packed packed;
  struct Aligned aligned;
};

struct Bits {
  unsigned a : 3;
  unsigned b : 5;
  int c : 20;
  unsigned d : 10;
  unsigned long e : 33;
  unsigned char f : 7;
  unsigned char g : 2;
  _Bool h : 1;
  short i : 9;
};
struct BitsGap {
  char x;
  unsigned a : 4;
  unsigned : 0;
  unsigned b : 4;
  unsigned : 7;
  unsigned c : 6;
  char y;
  unsigned long d : 40;
  unsigned e : 1;
};
struct __attribute__((packed)) BitsPacked {
  unsigned a : 7;
  unsigned b : 30;
  char x;
  unsigned short c : 5;
  unsigned long d : 50;
};
struct BitsTail {
  char head[3];
  unsigned a : 5;
  unsigned b : 3;
} __attribute__((packed));
union BitsUnion {
  unsigned a : 9;
  unsigned char b : 4;
  short c;
};
struct BitsMixed {
  unsigned char version : 4, ihl : 4;
  unsigned char tos;
  enum Color color : 3;
  long : 3;
  unsigned int z : 2;
};

#pragma pack(push, 2)
struct Pack2 {
  char a;
  int b;
  long c;
  char d;
};
#pragma pack(pop)
#pragma pack(1)
struct Pack1 {
  char a;
  unsigned b : 12;
  long c;
};
#pragma pack()

struct Empty {
  int x[0];
};
struct After {
  char a;
  long b;
};
