# sonde_folder(<folder> [DEPS <folder>...] [LINK <library>...] [EXTRA <source>...] [NOT <file>...]): the static library
# sonde_src_<folder> from all .cc files of src/<folder>. A folder of headers only becomes an INTERFACE library, so that
# the build keeps configuring while a folder is empty.
function(sonde_folder folder)
  cmake_parse_arguments(arg "" "" "DEPS;LINK;EXTRA;NOT" ${ARGN})
  set(target sonde_src_${folder})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cc)
  foreach(excluded ${arg_NOT})
    list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/src/${folder}/${excluded})
  endforeach()
  list(TRANSFORM arg_DEPS PREPEND sonde_src_)
  if(sources OR arg_EXTRA)
    add_library(${target} STATIC ${sources} ${arg_EXTRA})
    target_link_libraries(${target} PUBLIC ${arg_DEPS} ${arg_LINK} PRIVATE sonde_flags)
    sonde_tidy(${target})
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${arg_DEPS} ${arg_LINK} sonde_platform)
  endif()
endfunction()

# sonde_program(<name> MAIN <file> LINK <library>...): an executable, if its main file exists; released without symbols.
function(sonde_program name)
  cmake_parse_arguments(arg "" "MAIN" "LINK" ${ARGN})
  if(NOT EXISTS ${arg_MAIN})
    return()
  endif()
  add_executable(${name} ${arg_MAIN})
  target_link_libraries(${name} PRIVATE ${arg_LINK} sonde_flags)
  # Tests keep their symbols: some look up their own functions.
  target_link_options(${name} PRIVATE $<$<CONFIG:Release>:-s>)
  sonde_tidy(${name})
endfunction()

function(sonde_tidy target)
  if(SONDE_CLANG_TIDY)
    set_target_properties(${target} PROPERTIES CXX_CLANG_TIDY "${SONDE_TIDY_COMMAND}")
  endif()
endfunction()

# A library as `.a` where Debian has one: the tools then start faster and run where only libc is installed.
function(sonde_static_library target)
  cmake_parse_arguments(arg "" "" "NAMES;LINK" ${ARGN})
  list(TRANSFORM arg_NAMES REPLACE "(.+)" "lib\\1.a" OUTPUT_VARIABLE archives)
  find_library(${target}_PATH NAMES ${archives} ${arg_NAMES} REQUIRED)
  add_library(${target} INTERFACE)
  target_link_libraries(${target} INTERFACE ${${target}_PATH} ${arg_LINK})
endfunction()
