// Programs whose target was fixed by BTF id when they were loaded: raw tracepoints, fentry, fexit, iterators.
#include <bpf/bpf.h>
#include <unistd.h>

#include <array>
#include <string>

#include "runtime/attach/mechanisms.h"

namespace sonde::attach {
namespace {

// Gives an invalid descriptor and errno when the kernel refuses.
base::Fd link_iterator(const image::TracingAttach& spec, int program, const Context& context) {
  bpf_iter_link_info info{};
  LIBBPF_OPTS(bpf_link_create_opts, options);
  options.iter_info = &info;
  options.iter_info_len = sizeof(info);
  // Each kind of iterator reads parameters of its own; most take none.
  if (context.pid() > 0 && spec.function.starts_with("task")) {
    info.task.pid = static_cast<uint32_t>(context.pid());
  } else if (spec.function == "cgroup") {
    info.cgroup.order = BPF_CGROUP_ITER_DESCENDANTS_PRE;  // from the root; the kernel knows no default order
  } else {
    options.iter_info = nullptr;
    options.iter_info_len = 0;
  }
  return base::Fd(bpf_link_create(program, 0, BPF_TRACE_ITER, &options));
}

}  // namespace

Result<> attach_tracing(Link& link, const image::TracingAttach& spec, int program, Context& context) {
  if (spec.kind == image::TracingKind::iterator) {
    base::Fd fd = link_iterator(spec, program, context);
    const int code = errno;
    // Iterators over the elements of one map or socket storage want its descriptor, which a script cannot name.
    if (!fd.valid() && code == EBADF)
      return base::fail("iter:" + spec.function + " walks the elements of one map, and a script has no way to name it");
    if (!fd.valid()) return base::fail("Failed to open iter probe link for " + spec.function, code);
    link.fds.push_back(std::move(fd));
    link.pin = spec.pin;
    return {};
  }
  base::Fd fd(bpf_raw_tracepoint_open(nullptr, program));
  if (!fd.valid()) {
    const int code = errno;
    if (code == EINVAL && spec.kind == image::TracingKind::raw_tracepoint)
      return base::fail("Maybe trying to access arguments beyond what's available in this tracepoint");
    return base::fail("attach to " + spec.module + ":" + spec.function, code);
  }
  link.fds.push_back(std::move(fd));
  return {};
}

Result<std::string> pin_link(const Link& link) {
  std::string path = link.pin.starts_with('/') ? link.pin : "/sys/fs/bpf/" + link.pin;
  if (bpf_obj_pin(link.fds.front().get(), path.c_str()) != 0) return base::fail_errno("pin " + path);
  return path;
}

Result<> read_iterator(const Link& link, int output, const std::function<void()>& after_chunk) {
  const base::Fd iterator(bpf_iter_create(link.fds.front().get()));
  if (!iterator.valid()) return base::fail_errno("open the iterator");
  std::array<char, 65536> chunk;
  for (;;) {
    const ssize_t got = ::read(iterator.get(), chunk.data(), chunk.size());
    const int code = errno;
    after_chunk();
    if (got == 0) return {};
    if (got < 0) {
      if (code == EAGAIN || code == EINTR) continue;
      return base::fail("read the iterator", code);
    }
    for (ssize_t done = 0; done < got;) {
      const ssize_t wrote = ::write(output, chunk.data() + done, static_cast<size_t>(got - done));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) return base::fail_errno("write the iterator's text");
      done += wrote;
    }
  }
}

}  // namespace sonde::attach
