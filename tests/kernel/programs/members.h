// Structures with members of every kind that C has, for members.c and for scripts that read what it passes.
enum wide { WIDE_LOW = -5, WIDE_ZERO, WIDE_HIGH = 0x100000000 };
enum narrow { NARROW_A, NARROW_B = 200 };
enum below { BELOW_A = -1, BELOW_B = 1 };
struct bits {
  int sa : 3, sb : 7;
  unsigned ua : 5;
  long lw : 40;
  unsigned long uw : 20;
  unsigned long : 0;
  signed char ca : 4, cb : 4;
  struct {
    unsigned na : 9;
    union {
      struct {
        int ia : 6;
        unsigned ib : 26;
      };
      unsigned whole;
    };
  };
  _Bool bo : 1, bp : 1;
  enum narrow nb : 9;
  enum below bb : 3;
};
struct __attribute__((packed)) dense {
  char c;
  long l;
  short s[3];
  unsigned a : 3, b : 30, d : 31;
  struct dense* self;
};
struct node {
  int v;
  struct node* next;
  struct node** slot;
};
union mixed {
  int i;
  unsigned char uc[8];
  double d;
  struct node n;
};
struct point {
  int x, y;
};
struct members {
  signed char sc;
  unsigned char uc;
  short s;
  unsigned short us;
  int i;
  unsigned u;
  long l;
  unsigned long ul;
  _Bool flags[5];
  int grid[2][3];
  short cube[2][2][2];
  char text[6];
  char full[4];
  unsigned char bytes[4];
  signed char sbytes[3];
  char lines[2][5];
  const char* str;
  const char* strs[3];
  struct node node;
  struct node nodes[2];
  struct node* pnode;
  struct node** ppnode;
  struct node*** pppnode;
  int (*row)[3];
  int* ip;
  int* ips[2];
  void* vp;
  void** vpp;
  int (*fn)(int);
  int (*fns[2])(int);
  union mixed mixed;
  enum wide wide;
  enum narrow narrow;
  enum below below;
  enum narrow narrows[2];
  struct bits bits;
  struct dense dense;
  struct {
    int an;
    struct {
      int deep;
    } in;
  };
  union {
    int ua;
    char ub[4];
  };
  struct point points[2];
  int len;
  int flex[];
};
