# Language level, warnings, sanitizers and linker for all of our own code. There are no per-feature switches here on
# purpose: every build of one type behaves the same.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# -O3 buys nothing measurable here and costs size and build time.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(SONDE_CCACHE ccache)
  if(SONDE_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${SONDE_CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${SONDE_CCACHE})
  endif()
endif()

# Third-party code (LLVM, libbpf, generated parsers) links sonde_platform; our own code links sonde_flags on top of it.
add_library(sonde_platform INTERFACE)
add_library(sonde_flags INTERFACE)
target_link_libraries(sonde_flags INTERFACE sonde_platform)

target_include_directories(sonde_platform INTERFACE
  ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_definitions(sonde_platform INTERFACE _GNU_SOURCE SONDE_VERSION="${PROJECT_VERSION}")

# Not position independent: with LLVM linked in, relocating the vtables of a PIE costs a measurable part of start-up time
# and dirties pages that could stay shared with the page cache.
target_compile_options(sonde_platform INTERFACE -fno-pie -ffunction-sections -fdata-sections -fno-exceptions)
target_link_options(sonde_platform INTERFACE -no-pie -static-libgcc -static-libstdc++ -Wl,--gc-sections -Wl,--as-needed)

target_compile_options(sonde_flags INTERFACE -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -Wformat=2 -Wimplicit-fallthrough -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # GCC 12 reports these in its own std::string and std::variant code once they are inlined (GCC PR 105651, 105562).
  target_compile_options(sonde_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow
    -Wno-array-bounds -Wno-stringop-overread -Wno-nonnull)
endif()

if(SONDE_SANITIZE)
  target_compile_options(sonde_platform INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(sonde_platform INTERFACE -fsanitize=address,undefined)
endif()

# GNU ld needs several seconds per binary that contains LLVM; lld needs one.
find_program(SONDE_LLD NAMES ld.lld-19 ld.lld)
if(SONDE_LLD)
  # GCC finds `-fuse-ld=lld` only under the name ld.lld, which Debian's versioned packages do not install.
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/linker)
  file(CREATE_LINK ${SONDE_LLD} ${CMAKE_BINARY_DIR}/linker/ld.lld SYMBOLIC)
  target_link_options(sonde_platform INTERFACE -B${CMAKE_BINARY_DIR}/linker -fuse-ld=lld)
endif()

if(SONDE_CLANG_TIDY)
  find_program(SONDE_CLANG_TIDY_EXE NAMES clang-tidy-19 REQUIRED)
  # The warning switches are GCC's; clang-tidy brings its own.
  set(SONDE_TIDY_COMMAND ${SONDE_CLANG_TIDY_EXE} --quiet -extra-arg=-Wno-unknown-warning-option)
endif()
