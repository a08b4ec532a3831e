// Programs whose target was fixed by BTF id when they were loaded: raw tracepoints, fentry, fexit, iterators.
#include <bpf/bpf.h>
#include <unistd.h>

#include <array>
#include <string>

#include "runtime/attach/mechanisms.h"

namespace sonde::attach {
namespace {

Result<base::Fd> link_iterator(const image::TracingAttach& spec, int program, const Context& context) {
  bpf_iter_link_info info{};
  info.task.pid = static_cast<uint32_t>(context.pid());
  LIBBPF_OPTS(bpf_link_create_opts, options);
  // Only task iterators know a process filter; others would read it as their own parameters.
  if (context.pid() > 0 && spec.function.starts_with("task")) {
    options.iter_info = &info;
    options.iter_info_len = sizeof(info);
  }
  base::Fd link(bpf_link_create(program, 0, BPF_TRACE_ITER, &options));
  if (!link.valid()) return base::fail("Failed to open iter probe link for " + spec.function, errno);
  return link;
}

}  // namespace

Result<Link> attach_tracing(const image::TracingAttach& spec, int program, Context& context) {
  Link link;
  if (spec.kind == image::TracingKind::iterator) {
    auto fd = link_iterator(spec, program, context);
    if (!fd) return std::unexpected(fd.error());
    link.fds.push_back(std::move(*fd));
    return link;
  }
  base::Fd fd(bpf_raw_tracepoint_open(nullptr, program));
  if (!fd.valid()) {
    const int code = errno;
    if (code == EINVAL && spec.kind == image::TracingKind::raw_tracepoint)
      return base::fail("Maybe trying to access arguments beyond what's available in this tracepoint");
    return base::fail("attach to " + spec.module + ":" + spec.function, code);
  }
  link.fds.push_back(std::move(fd));
  return link;
}

Result<> read_iterator(const Link& link, int output) {
  const base::Fd iterator(bpf_iter_create(link.fds.front().get()));
  if (!iterator.valid()) return base::fail_errno("open the iterator");
  std::array<char, 65536> chunk;
  for (;;) {
    const ssize_t got = ::read(iterator.get(), chunk.data(), chunk.size());
    if (got == 0) return {};
    if (got < 0) {
      if (errno == EAGAIN || errno == EINTR) continue;
      return base::fail_errno("read the iterator");
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
