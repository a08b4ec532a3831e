// Parses and prints; a file is replaced as a whole or not at all.
#include "driver/format_script.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "ast/format.h"
#include "base/fd.h"
#include "compile/compile.h"
#include "kernel/binary_view.h"
#include "kernel/live_view.h"
#include "runtime/run.h"

namespace sonde::driver {
namespace {

Result<> replace_file(const std::string& path, const std::string& text) {
  std::string draft = path + ".XXXXXX";
  const base::Fd file(::mkostemp(draft.data(), O_CLOEXEC));
  if (!file.valid()) return base::fail_errno("unable to create temporary file");
  for (size_t done = 0; done < text.size();) {
    const ssize_t wrote = ::write(file.get(), text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      const auto failure = base::fail_errno("write " + draft);
      ::unlink(draft.c_str());
      return failure;
    }
    done += static_cast<size_t>(wrote);
  }
  if (::rename(draft.c_str(), path.c_str()) == 0) return {};
  const auto failure = base::fail_errno("rename " + draft + " to " + path);
  ::unlink(draft.c_str());
  return failure;
}

}  // namespace

int format_script(const Options& options, const Console& console) {
  const auto script = read_script(options);
  if (!script) {
    console.error(script.error().text());
    return runtime::kExitUsage;
  }
  types::TypeContext types;
  const auto kernel = kernel::live_view(types);
  const kernel::BinaryView binaries;
  compile::Compilation compilation(*kernel, binaries, {});
  const bool good = compilation.run(script->name, script->text, compile::Stage::parse);
  print_diagnostics(compilation, options, console);
  if (!good) return runtime::kExitUsage;
  const std::string text = ast::format(compilation.tree(), script->text);
  if (options.output.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
  }
  if (const auto written = replace_file(options.output, text); !written) {
    console.error(written.error().text());
    return runtime::kExitUsage;
  }
  return 0;
}

}  // namespace sonde::driver
