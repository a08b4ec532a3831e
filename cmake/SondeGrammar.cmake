# flex and bison: grammar/sonde.{l,y} -> "grammar/scanner.h", "grammar/parser.h" and their sources in the build tree.
# Conflicts and useless rules are errors, so that the grammar stays explained.
set(dir ${CMAKE_BINARY_DIR}/generated/grammar)
file(MAKE_DIRECTORY ${dir})
add_library(sonde_grammar INTERFACE)
set(scanner ${CMAKE_SOURCE_DIR}/grammar/sonde.l)
set(parser ${CMAKE_SOURCE_DIR}/grammar/sonde.y)
if(EXISTS ${scanner} AND EXISTS ${parser})
  find_package(BISON 3.8 REQUIRED)
  find_package(FLEX 2.6 REQUIRED)
  add_custom_command(OUTPUT ${dir}/parser.cc ${dir}/parser.h
    COMMAND ${BISON_EXECUTABLE} -Wall -Wcounterexamples -Werror -o ${dir}/parser.cc --defines=${dir}/parser.h ${parser}
    DEPENDS ${parser} COMMENT "bison sonde.y" VERBATIM)
  add_custom_command(OUTPUT ${dir}/scanner.cc ${dir}/scanner.h
    COMMAND ${FLEX_EXECUTABLE} -o ${dir}/scanner.cc --header-file=${dir}/scanner.h ${scanner}
    DEPENDS ${scanner} COMMENT "flex sonde.l" VERBATIM)
  add_library(sonde_grammar_generated OBJECT ${dir}/parser.cc ${dir}/scanner.cc ${dir}/parser.h ${dir}/scanner.h)
  # The skeletons are not ours to fix: no warning switches. What the actions call is in src/parse and src/ast.
  target_link_libraries(sonde_grammar_generated PRIVATE sonde_platform)
  target_link_libraries(sonde_grammar INTERFACE $<TARGET_OBJECTS:sonde_grammar_generated>)
  add_dependencies(sonde_grammar sonde_grammar_generated)
endif()
