# LLVM 19, static, with the BPF back end only. sonde_llvm is linked by src/lower and by nothing else.
find_package(LLVM 19.1 REQUIRED CONFIG HINTS /usr/lib/llvm-19/lib/cmake/llvm)
llvm_map_components_to_libnames(llvm_libraries
  core support analysis target targetparser mc codegen asmprinter selectiondag passes bpfcodegen bpfdesc bpfinfo
  object bitreader linker transformutils ipo scalaropts instcombine vectorize)
add_library(sonde_llvm INTERFACE)
target_include_directories(sonde_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
target_link_libraries(sonde_llvm INTERFACE ${llvm_libraries})
if(NOT LLVM_ENABLE_RTTI)
  target_compile_options(sonde_llvm INTERFACE -fno-rtti)
endif()
