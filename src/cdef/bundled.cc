// Headers and macros that belong to a compiler rather than to a system, so that scripts can use them anywhere.
#include "cdef/headers.h"

namespace sonde::cdef {
namespace {

struct Bundled {
  std::string_view name;
  std::string_view text;
};

constexpr std::string_view kStdint = R"(#pragma once
typedef signed char int8_t; typedef short int16_t; typedef int int32_t; typedef long int64_t;
typedef unsigned char uint8_t; typedef unsigned short uint16_t; typedef unsigned int uint32_t;
typedef unsigned long uint64_t;
typedef signed char int_least8_t; typedef short int_least16_t; typedef int int_least32_t; typedef long int_least64_t;
typedef unsigned char uint_least8_t; typedef unsigned short uint_least16_t; typedef unsigned int uint_least32_t;
typedef unsigned long uint_least64_t;
typedef signed char int_fast8_t; typedef long int_fast16_t; typedef long int_fast32_t; typedef long int_fast64_t;
typedef unsigned char uint_fast8_t; typedef unsigned long uint_fast16_t; typedef unsigned long uint_fast32_t;
typedef unsigned long uint_fast64_t;
typedef long intptr_t; typedef unsigned long uintptr_t; typedef long intmax_t; typedef unsigned long uintmax_t;
#define INT8_MIN (-128)
#define INT16_MIN (-32768)
#define INT32_MIN (-2147483647-1)
#define INT64_MIN (-9223372036854775807l-1)
#define INT8_MAX 127
#define INT16_MAX 32767
#define INT32_MAX 2147483647
#define INT64_MAX 9223372036854775807l
#define UINT8_MAX 255
#define UINT16_MAX 65535
#define UINT32_MAX 4294967295u
#define UINT64_MAX 18446744073709551615ul
#define INTPTR_MIN INT64_MIN
#define INTPTR_MAX INT64_MAX
#define UINTPTR_MAX UINT64_MAX
#define INTMAX_MIN INT64_MIN
#define INTMAX_MAX INT64_MAX
#define UINTMAX_MAX UINT64_MAX
#define SIZE_MAX UINT64_MAX
#define PTRDIFF_MIN INT64_MIN
#define PTRDIFF_MAX INT64_MAX
)";

constexpr std::string_view kStddef = R"(#ifndef _SONDE_STDDEF
#define _SONDE_STDDEF
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
typedef __WCHAR_TYPE__ wchar_t;
typedef struct { long long a __attribute__((aligned(8))); char b __attribute__((aligned(16))); char c[15]; } max_align_t;
#define NULL 0
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif
#ifdef __need_wint_t
typedef unsigned int wint_t;
#endif
)";

constexpr std::string_view kStdbool = R"(#pragma once
#define bool _Bool
#define true 1
#define false 0
#define __bool_true_false_are_defined 1
)";

constexpr std::string_view kStdarg = R"(#pragma once
typedef __builtin_va_list __gnuc_va_list;
typedef __builtin_va_list va_list;
)";

constexpr std::string_view kLimits = R"(#pragma once
#define CHAR_BIT 8
#define SCHAR_MIN (-128)
#define SCHAR_MAX 127
#define UCHAR_MAX 255
#define CHAR_MIN __SONDE_CHAR_MIN
#define CHAR_MAX __SONDE_CHAR_MAX
#define SHRT_MIN (-32768)
#define SHRT_MAX 32767
#define USHRT_MAX 65535
#define INT_MIN (-2147483647-1)
#define INT_MAX 2147483647
#define UINT_MAX 4294967295u
#define LONG_MIN (-9223372036854775807l-1)
#define LONG_MAX 9223372036854775807l
#define ULONG_MAX 18446744073709551615ul
#define LLONG_MIN LONG_MIN
#define LLONG_MAX LONG_MAX
#define ULLONG_MAX ULONG_MAX
#define NAME_MAX 255
#define PATH_MAX 4096
#define PIPE_BUF 4096
#define XATTR_NAME_MAX 255
#define NGROUPS_MAX 65536
#define IOV_MAX 1024
)";

constexpr std::string_view kFloat = R"(#pragma once
#define FLT_RADIX 2
#define FLT_MANT_DIG 24
#define DBL_MANT_DIG 53
#define FLT_DIG 6
#define DBL_DIG 15
)";

constexpr std::string_view kLinuxTypes = R"(#ifndef _LINUX_TYPES_H
#define _LINUX_TYPES_H
typedef signed char __s8; typedef short __s16; typedef int __s32; typedef long long __s64;
typedef unsigned char __u8; typedef unsigned short __u16; typedef unsigned int __u32; typedef unsigned long long __u64;
typedef __u16 __le16; typedef __u16 __be16; typedef __u32 __le32; typedef __u32 __be32; typedef __u64 __le64;
typedef __u64 __be64; typedef __u16 __sum16; typedef __u32 __wsum; typedef unsigned __poll_t;
typedef int __kernel_pid_t; typedef unsigned int __kernel_uid_t; typedef unsigned int __kernel_gid_t;
typedef unsigned long __kernel_size_t; typedef long __kernel_ssize_t; typedef long __kernel_long_t;
typedef unsigned long __kernel_ulong_t; typedef long long __kernel_loff_t; typedef long __kernel_off_t;
typedef long long __kernel_time64_t; typedef long __kernel_old_time_t; typedef int __kernel_clockid_t;
typedef int __kernel_timer_t; typedef int __kernel_key_t; typedef int __kernel_mqd_t; typedef unsigned int __kernel_uid32_t;
typedef unsigned int __kernel_gid32_t; typedef unsigned short __kernel_sa_family_t; typedef long __kernel_suseconds_t;
typedef unsigned int __kernel_mode_t; typedef unsigned long __kernel_ino_t; typedef long __kernel_clock_t;
#endif
)";

constexpr std::string_view kStdalign = R"(#pragma once
#define alignas _Alignas
#define alignof _Alignof
#define __alignas_is_defined 1
#define __alignof_is_defined 1
)";

constexpr std::string_view kEmpty = "#pragma once\n";

// asm headers of the kernel that are nothing but types known anyway. linux/types.h and these yield to nothing: with them
// hidden a script reads the same on systems with and without kernel headers.
constexpr Bundled kBundled[] = {{"stdint.h", kStdint},
                                {"stddef.h", kStddef},
                                {"stdbool.h", kStdbool},
                                {"stdarg.h", kStdarg},
                                {"stdalign.h", kStdalign},
                                {"limits.h", kLimits},
                                {"float.h", kFloat},
                                {"linux/types.h", kLinuxTypes},
                                {"asm/types.h", kLinuxTypes},
                                {"asm/posix_types.h", kEmpty},
                                {"linux/posix_types.h", kLinuxTypes},
                                {"asm/bitsperlong.h", kEmpty},
                                {"linux/stddef.h", R"(#pragma once
#define __struct_group(TAG, NAME, ATTRS, MEMBERS...) union { struct { MEMBERS } ATTRS; struct TAG { MEMBERS } ATTRS NAME; } ATTRS
#define __DECLARE_FLEX_ARRAY(TYPE, NAME) struct { struct { } __empty_ ## NAME; TYPE NAME[]; }
#define __counted_by(m)
#define __counted_by_le(m)
#define __counted_by_be(m)
)"},
                                {"linux/compiler.h", kEmpty},
                                {"linux/compiler_types.h", kEmpty}};

// Constants that scripts ask kernel and C library headers for, by their values in the ABI. The kernel's own linux/socket.h and
// linux/sched.h have them, those for user programs do not, and BTF has no macros at all.
constexpr std::string_view kSockets = R"(#ifndef AF_INET
#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_LOCAL 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define AF_PACKET 17
#define AF_VSOCK 40
#define AF_XDP 44
#define PF_UNIX 1
#define PF_INET 2
#define PF_INET6 10
#define PF_NETLINK 16
#define PF_PACKET 17
#endif
)";
constexpr std::string_view kTaskStates = R"(#ifndef TASK_RUNNING
#define TASK_RUNNING 0
#define TASK_INTERRUPTIBLE 1
#define TASK_UNINTERRUPTIBLE 2
#define __TASK_STOPPED 4
#define __TASK_TRACED 8
#define PF_EXITING 0x4
#define PF_KTHREAD 0x200000
#endif
)";
constexpr std::string_view kErrors = R"(#ifndef EPERM
#define EPERM 1
#define ENOENT 2
#define ESRCH 3
#define EINTR 4
#define EIO 5
#define ENXIO 6
#define E2BIG 7
#define ENOEXEC 8
#define EBADF 9
#define ECHILD 10
#define EAGAIN 11
#define EWOULDBLOCK 11
#define ENOMEM 12
#define EACCES 13
#define EFAULT 14
#define EBUSY 16
#define EEXIST 17
#define EXDEV 18
#define ENODEV 19
#define ENOTDIR 20
#define EISDIR 21
#define EINVAL 22
#define ENFILE 23
#define EMFILE 24
#define ENOTTY 25
#define EFBIG 27
#define ENOSPC 28
#define ESPIPE 29
#define EROFS 30
#define EMLINK 31
#define EPIPE 32
#define EDOM 33
#define ERANGE 34
#define EDEADLK 35
#define ENAMETOOLONG 36
#define ENOSYS 38
#define ENOTEMPTY 39
#define ELOOP 40
#define EADDRINUSE 98
#define EADDRNOTAVAIL 99
#define ENETUNREACH 101
#define ECONNABORTED 103
#define ECONNRESET 104
#define ENOBUFS 105
#define EISCONN 106
#define ENOTCONN 107
#define ETIMEDOUT 110
#define ECONNREFUSED 111
#define EHOSTUNREACH 113
#define EALREADY 114
#define EINPROGRESS 115
#endif
)";
constexpr Bundled kConstants[] = {
    {"linux/socket.h", kSockets}, {"sys/socket.h", kSockets},   {"netinet/in.h", kSockets},
    {"net/sock.h", kSockets},     {"net/tcp.h", kSockets},      {"net/inet_sock.h", kSockets},
    {"linux/tcp.h", kSockets},    {"linux/skbuff.h", kSockets}, {"linux/sched.h", kTaskStates},
    {"errno.h", kErrors},         {"linux/errno.h", kErrors},   {"asm/errno.h", kErrors}};

constexpr std::string_view kMacros = R"(#define __linux__ 1
#define __linux 1
#define __unix__ 1
#define __unix 1
#define __ELF__ 1
#define __LP64__ 1
#define _LP64 1
#define __STDC__ 1
#define __STDC_VERSION__ 201112L
#define __STDC_HOSTED__ 1
#define __GNUC__ 4
#define __GNUC_MINOR__ 2
#define __GNUC_PATCHLEVEL__ 1
#define __CHAR_BIT__ 8
#define __ORDER_LITTLE_ENDIAN__ 1234
#define __ORDER_BIG_ENDIAN__ 4321
#define __ORDER_PDP_ENDIAN__ 3412
#define __BYTE_ORDER__ 1234
#define __SIZEOF_SHORT__ 2
#define __SIZEOF_INT__ 4
#define __SIZEOF_LONG__ 8
#define __SIZEOF_LONG_LONG__ 8
#define __SIZEOF_POINTER__ 8
#define __SIZEOF_SIZE_T__ 8
#define __SIZEOF_WCHAR_T__ 4
#define __SIZE_TYPE__ unsigned long
#define __PTRDIFF_TYPE__ long
#define __WCHAR_TYPE__ int
#define __INTPTR_TYPE__ long
#define __UINTPTR_TYPE__ unsigned long
#define __INTMAX_TYPE__ long
#define __UINTMAX_TYPE__ unsigned long
#define __INT8_TYPE__ signed char
#define __INT16_TYPE__ short
#define __INT32_TYPE__ int
#define __INT64_TYPE__ long
#define __UINT8_TYPE__ unsigned char
#define __UINT16_TYPE__ unsigned short
#define __UINT32_TYPE__ unsigned int
#define __UINT64_TYPE__ unsigned long
#define __SCHAR_MAX__ 127
#define __SHRT_MAX__ 32767
#define __INT_MAX__ 2147483647
#define __LONG_MAX__ 9223372036854775807L
#define __LONG_LONG_MAX__ 9223372036854775807LL
#define __SIZE_MAX__ 18446744073709551615UL
)";

constexpr std::string_view kX86 = R"(#define __x86_64__ 1
#define __x86_64 1
#define __amd64__ 1
#define __amd64 1
#define __SONDE_CHAR_MIN (-128)
#define __SONDE_CHAR_MAX 127
)";
constexpr std::string_view kArm64 = R"(#define __aarch64__ 1
#define __AARCH64EL__ 1
#define __ARM_64BIT_STATE 1
#define __CHAR_UNSIGNED__ 1
#define __SONDE_CHAR_MIN 0
#define __SONDE_CHAR_MAX 255
)";

// BTF gives the types of linux/types.h, but macros are not in it.
constexpr std::string_view kWithBtf = R"(#define SONDE_HAVE_BTF 1
#define BPFTRACE_HAVE_BTF 1
#define _LINUX_TYPES_H 1
)";
constexpr std::string_view kKernelWords = R"(#define __BPF_TRACING__ 1
#define __bitwise
#define __bitwise__
#define __aligned_u64 __u64 __attribute__((aligned(8)))
#define __aligned_s64 __s64 __attribute__((aligned(8)))
#define __aligned_be64 __be64 __attribute__((aligned(8)))
#define __aligned_le64 __le64 __attribute__((aligned(8)))
#define __BITS_PER_LONG 64
)";

}  // namespace

std::optional<std::string_view> bundled_header(std::string_view name) {
  for (const Bundled& row : kBundled)
    if (row.name == name) return row.text;
  return {};
}

std::optional<std::string_view> common_constants(std::string_view name) {
  for (const Bundled& row : kConstants)
    if (row.name == name) return row.text;
  return {};
}

std::string script_macros(bool has_btf) { return std::string(kKernelWords) + std::string(has_btf ? kWithBtf : ""); }

std::string predefined_macros(const std::string& arch, bool has_btf) {
  return std::string(kMacros) + std::string(arch == "aarch64" ? kArm64 : kX86) + script_macros(has_btf);
}

}  // namespace sonde::cdef
