# sonde_embed(<target> FUNCTION <function> FILES <file>...): a static library that defines
# `std::span<const sonde::stdlib::Embedded> sonde::stdlib::<function>()`, one entry per file, named by its base name.
# The bytes come in through the assembler's .incbin, which costs no compile time however large the files are.
function(sonde_embed target)
  cmake_parse_arguments(arg "" "FUNCTION" "FILES" ${ARGN})
  set(blobs "")
  set(rows "")
  set(index 0)
  foreach(file ${arg_FILES})
    get_filename_component(name ${file} NAME)
    set(symbol ${target}_blob_${index})
    string(APPEND blobs "asm(\".section .rodata\\n.balign 16\\n.global ${symbol}, ${symbol}_end\\n\"\n"
      "    \"${symbol}: .incbin \\\"${file}\\\"\\n${symbol}_end: .byte 0\\n.previous\\n\");\n"
      "extern \"C\" const char ${symbol}[];\nextern \"C\" const char ${symbol}_end[];\n")
    string(APPEND rows "      {\"${name}\", {${symbol}, static_cast<std::size_t>(${symbol}_end - ${symbol})}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  if(index EQUAL 0)
    set(body "  return {};\n")
  else()
    set(body "  static const std::array<Embedded, ${index}> table{{\n${rows}  }};\n  return table;\n")
  endif()
  set(output ${CMAKE_BINARY_DIR}/generated/stdlib/${target}.cc)
  string(CONCAT content "// Generated from the files it names.\n#include \"stdlib/embedded.h\"\n\n#include <array>\n\n${blobs}\n"
    "std::span<const sonde::stdlib::Embedded> sonde::stdlib::${arg_FUNCTION}() {\n${body}}\n")
  # Written only when it differs, so that a mere reconfiguration compiles nothing.
  file(CONFIGURE OUTPUT ${output} CONTENT "${content}" @ONLY)
  set_source_files_properties(${output} PROPERTIES OBJECT_DEPENDS "${arg_FILES}")
  add_library(${target} STATIC ${output})
  target_link_libraries(${target} PRIVATE sonde_flags)
endfunction()

# sonde_bpf_bitcode(<variable> <file>...): compiles BPF C routines to LLVM bitcode and returns the outputs' paths. With debug
# information: the verifier wants BTF of every function.
function(sonde_bpf_bitcode variable)
  set(outputs "")
  if(ARGN)
    find_program(SONDE_BPF_CLANG NAMES clang-19 REQUIRED)
  endif()
  foreach(source ${ARGN})
    get_filename_component(name ${source} NAME_WE)
    set(output ${CMAKE_BINARY_DIR}/generated/stdlib/bpf/${name}.bc)
    add_custom_command(OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated/stdlib/bpf
      COMMAND ${SONDE_BPF_CLANG} -target bpf -O2 -g -Wall -Wextra -Werror -emit-llvm -I${CMAKE_SOURCE_DIR}/src
        -ffile-prefix-map=${CMAKE_SOURCE_DIR}/= -fdebug-compilation-dir=. -isystem /usr/include/${CMAKE_CXX_LIBRARY_ARCHITECTURE} -MD -MF ${output}.d -c ${source} -o ${output}
      DEPENDS ${source} DEPFILE ${output}.d COMMENT "BPF bitcode ${name}" VERBATIM)
    list(APPEND outputs ${output})
  endforeach()
  set(${variable} ${outputs} PARENT_SCOPE)
endfunction()
