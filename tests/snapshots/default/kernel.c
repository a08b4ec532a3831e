// The types and functions of the recorded kernel, for tests that need neither root nor a particular machine. The build
// compiles this to BTF; names and members are the kernel's, but only as many as the tests use.
#include <linux/bpf.h>

typedef _Bool bool;
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef int s32;
typedef long long s64;
typedef int pid_t;
typedef unsigned int fmode_t;
typedef unsigned short umode_t;
typedef long ssize_t;
typedef unsigned long size_t;
typedef long long loff_t;
typedef struct { int counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;
typedef struct { unsigned int val; } kuid_t;

struct list_head {
  struct list_head *next, *prev;
};

struct hlist_node {
  struct hlist_node *next, **pprev;
};

struct qstr {
  union {
    struct {
      u32 hash;
      u32 len;
    };
    u64 hash_len;
  };
  const unsigned char* name;
};

struct super_block;

struct inode {
  umode_t i_mode;
  kuid_t i_uid;
  struct super_block* i_sb;
  unsigned long i_ino;
  loff_t i_size;
};

struct dentry {
  unsigned int d_flags;
  struct dentry* d_parent;
  struct qstr d_name;
  struct inode* d_inode;
  unsigned char d_iname[32];
};

struct super_block {
  struct list_head s_list;
  u32 s_dev;
  char s_id[32];
};

struct vfsmount {
  struct dentry* mnt_root;
};

struct path {
  struct vfsmount* mnt;
  struct dentry* dentry;
};

struct file {
  fmode_t f_mode;
  struct path f_path;
  struct inode* f_inode;
  loff_t f_pos;
};

struct mm_struct {
  struct {
    unsigned long mmap_base;
    unsigned long task_size;
    unsigned long total_vm;
  };
  struct file* exe_file;
};

struct cred {
  kuid_t uid;
  kuid_t euid;
};

enum task_flags {
  TASK_IDLE = 0,
  TASK_BUSY = 1,
  TASK_DEAD = 128,
};

struct sched_entity {
  u64 vruntime;
  unsigned char on_rq;
  unsigned char sched_delayed : 1;
};

struct task_struct {
  unsigned int __state;
  void* stack;
  unsigned int flags;
  int prio;
  struct sched_entity se;
  unsigned int policy;
  struct list_head tasks;
  struct mm_struct* mm;
  int exit_state;
  enum task_flags mode;
  unsigned in_execve : 1;
  unsigned in_iowait : 1;
  unsigned brk_randomized : 1;
  signed deep : 5;
  pid_t pid;
  pid_t tgid;
  struct task_struct* real_parent;
  struct list_head children;
  struct task_struct* group_leader;
  u64 utime;
  u64 start_time;
  const struct cred* cred;
  char comm[16];
  unsigned long counters[4];
  u64 __attribute__((btf_type_tag("percpu")))* cpu_time;
};

struct pt_regs {
  unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

struct sock_common {
  union {
    u64 skc_addrpair;
    struct {
      u32 skc_daddr;
      u32 skc_rcv_saddr;
    };
  };
  u16 skc_dport;
  u16 skc_num;
  u16 skc_family;
};

struct sock {
  struct sock_common __sk_common;
  int sk_err;
};

struct bpf_map;
struct rq;
struct seq_file;

struct bpf_iter_meta {
  struct seq_file* seq;
  u64 session_id;
  u64 seq_num;
};

struct bpf_iter__task {
  struct bpf_iter_meta* meta;
  struct task_struct* task;
};

struct bpf_iter__bpf_map {
  struct bpf_iter_meta* meta;
  struct bpf_map* map;
};

typedef void (*btf_trace_sched_switch)(void* data, bool preempt, struct task_struct* prev, struct task_struct* next,
                                       unsigned int prev_state);
typedef void (*btf_trace_sys_enter)(void* data, struct pt_regs* regs, long id);

ssize_t vfs_read(struct file* file, char* buf, size_t count, loff_t* pos) { return count + (file && buf && pos); }
ssize_t vfs_readv(struct file* file, const void* vec, unsigned long vlen) { return vlen + (file && vec); }
ssize_t vfs_write(struct file* file, const char* buf, size_t count, loff_t* pos) { return count + (file && buf && pos); }
int vfs_open(const struct path* path, struct file* file) { return path && file; }
long do_sys_open(int dfd, const char* filename, int flags, umode_t mode) { return dfd + flags + mode + !filename; }
int tcp_connect(struct sock* sk) { return sk->sk_err; }
int nothing(void) { return 0; }
int bpf_iter_task(struct bpf_iter_meta* meta, struct task_struct* task) { return meta && task; }
int bpf_iter_bpf_map(struct bpf_iter_meta* meta, struct bpf_map* map) { return meta && map; }

// clang describes a structure that is only pointed at by its name alone. What nothing above refers to is kept by a
// variable of its type.
struct dentry keep_dentry;
struct super_block keep_super_block;
struct inode keep_inode;
struct mm_struct keep_mm;
struct cred keep_cred;
struct path keep_path;
struct file keep_file;
btf_trace_sched_switch keep_sched_switch;
btf_trace_sys_enter keep_sys_enter;
struct bpf_iter__task keep_iter_task;
struct bpf_iter__bpf_map keep_iter_bpf_map;
enum bpf_func_id keep_helpers;
enum bpf_map_type keep_map_types;
struct hlist_node keep_hlist;
atomic_t keep_atomic;
atomic64_t keep_atomic64;
u8 keep_u8;
s8 keep_s8;
s32 keep_s32;
struct vfsmount keep_vfsmount;
