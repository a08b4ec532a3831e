// Typed program -> an image without code: maps, record layouts, strings, programs. Everything lowering and the runtime must
// agree on is decided here, once.
#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include "image/image.h"
#include "sema/config.h"
#include "sema/typed_program.h"
#include "source/source_buffer.h"
#include "types/capability.h"

namespace sonde::plan {

// Ids of the places that an image has, by the buffers and offsets of the place and of its macro levels.
using SpanIndex = std::map<std::vector<uint32_t>, image::SpanId>;

struct Plan {
  SpanIndex spans;
  image::Image image;  // `object` empty; lowering adds it, error sites, strings, parameters and the scratch map's size
  std::unordered_map<const sema::Map*, image::MapId> maps;
  std::unordered_map<const sema::Call*, image::EventId> events;  // asynchronous calls
  std::unordered_map<const sema::Program*, image::ProgramId> programs;
};

struct Options {
  bool portable = false;
  std::string arch;
  std::string kernel_release;
};

Plan make_plan(const sema::TypedProgram& program, const sema::Config& config, const source::SourceSet& sources,
               const Options& options);

// Appends the place of `range` (with its macro levels) to the image, once, and returns its id.
image::SpanId add_span(Plan& plan, const source::SourceSet& sources, source::Range range,
                       const std::vector<source::Range>* expanded_from);

// Whether the call prints to the file through which an iterator is read: text that the kernel formats, no record.
inline bool prints_to_sequence(const sema::Program& program, const sema::Call& call) {
  return (program.probe.capabilities & types::kSequenceFile) != 0 && call.row->action == image::Action::printf;
}

}  // namespace sonde::plan
