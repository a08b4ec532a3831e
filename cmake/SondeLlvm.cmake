# LLVM 19, static, with the BPF back end only. sonde_llvm is linked by src/lower and by nothing else.
find_package(LLVM 19.1 REQUIRED CONFIG HINTS /usr/lib/llvm-19/lib/cmake/llvm)
llvm_map_components_to_libnames(llvm_libraries
  core support analysis target targetparser mc codegen asmprinter selectiondag passes bpfcodegen bpfdesc bpfinfo
  object bitreader linker transformutils ipo scalaropts instcombine vectorize)
# LLVMSupport asks for the shared zlib and zstd: link the archives instead, as the runtime does.
foreach(pair ZLIB::ZLIB=z zstd::libzstd_shared=zstd)
  string(REPLACE "=" ";" pair ${pair})
  list(GET pair 0 imported)
  list(GET pair 1 name)
  find_library(SONDE_${name}_ARCHIVE lib${name}.a)
  if(TARGET ${imported} AND SONDE_${name}_ARCHIVE)
    foreach(property IMPORTED_LOCATION IMPORTED_LOCATION_RELEASE IMPORTED_LOCATION_NOCONFIG IMPORTED_LOCATION_NONE)
      get_target_property(location ${imported} ${property})
      if(location)
        set_target_properties(${imported} PROPERTIES ${property} ${SONDE_${name}_ARCHIVE})
      endif()
    endforeach()
  endif()
endforeach()

add_library(sonde_llvm INTERFACE)
target_include_directories(sonde_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
target_link_libraries(sonde_llvm INTERFACE ${llvm_libraries})
if(NOT LLVM_ENABLE_RTTI)
  target_compile_options(sonde_llvm INTERFACE -fno-rtti)
endif()
