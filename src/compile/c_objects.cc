// Imported C: what clang says is the user's business, so it goes into the message about the import.
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "compile/clang.h"
#include "compile/imports.h"

namespace sonde::compile {
namespace {

using diag::Id;

std::string without_last_newline(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

void CObjects::load(const std::vector<CImport>& files, std::vector<std::string> folders,
                    diag::Diagnostics& diagnostics) {
  for (const CImport& file : files) {
    if (file.kind != CImportKind::header) continue;
    const size_t slash = file.path.rfind('/');
    folders.insert(folders.begin(), slash == std::string::npos ? "." : file.path.substr(0, slash + 1));
  }
  for (const CImport& file : files) {
    if (file.kind == CImportKind::header) continue;
    if (file.kind == CImportKind::object) {
      auto text = read_import(file.path);
      if (text)
        add(file, {text->begin(), text->end()}, diagnostics);
      else
        diagnostics.emit<Id::import_unreadable>(file.range, file.name, std::strerror(text.error().code));
      continue;
    }
    auto output = compile_bpf(file.path, folders);
    if (!output || !output->good) {
      diagnostics.emit<Id::import_build_failed>(file.range)
          .hints.push_back(output ? without_last_newline(output->messages) : output.error().text());
      continue;
    }
    if (!output->messages.empty())
      diagnostics.emit<Id::import_build_warnings>(file.range).hints.push_back(without_last_newline(output->messages));
    add(file, std::move(output->output), diagnostics);
  }
}

void CObjects::add(const CImport& file, std::vector<char> elf, diag::Diagnostics& diagnostics) {
  auto object = kernel::BpfObject::read(std::move(elf), file.name, types_);
  if (!object) {
    diagnostics.emit<Id::import_object_unusable>(file.range, object.error().text());
    return;
  }
  objects_.push_back({file.name, std::move(*object)});
  for (const kernel::FunctionProto& function : objects_.back().object->functions())
    if (!functions_.emplace(function.name, &function).second)
      diagnostics.emit<Id::import_function_twice>(file.range, function.name);
}

const kernel::FunctionProto* CObjects::find(std::string_view name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : found->second;
}

std::vector<std::string> CObjects::names() const {
  std::vector<std::string> names;
  for (const auto& [name, function] : functions_) names.push_back(name);
  return names;
}

std::vector<std::pair<std::string, std::span<const char>>> CObjects::elf() const {
  std::vector<std::pair<std::string, std::span<const char>>> all;
  for (const Object& object : objects_) all.emplace_back(object.name, object.object->elf());
  return all;
}

}  // namespace sonde::compile
