# aig_embed(TARGET GLOB...): puts files into the binary with the assembler's .incbin, and a table of (name, begin, size)
# that base/embedded.h reads. The binary then needs no file beside it.
function(aig_embed target)
    set(asm ".section .rodata\n")
    set(decls "")
    set(rows "")
    set(i 0)
    set(globs "")
    foreach(g ${ARGN})
        list(APPEND globs ${CMAKE_SOURCE_DIR}/${g})
    endforeach()
    file(GLOB files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${globs})
    list(SORT files)
    foreach(f ${files})
        string(APPEND asm ".global aig_file_${i}_begin\naig_file_${i}_begin:\n.incbin \"${CMAKE_SOURCE_DIR}/${f}\"\n"
            ".global aig_file_${i}_end\naig_file_${i}_end:\n.byte 0\n")
        string(APPEND decls "extern const char aig_file_${i}_begin[], aig_file_${i}_end[];\n")
        string(APPEND rows "    {\"${f}\", aig_file_${i}_begin, aig_file_${i}_end},\n")
        math(EXPR i "${i}+1")
        list(APPEND deps ${CMAKE_SOURCE_DIR}/${f})
    endforeach()
    string(APPEND asm ".section .note.GNU-stack,\"\",@progbits\n")
    set(dir ${CMAKE_BINARY_DIR}/embedded)
    file(CONFIGURE OUTPUT ${dir}/files.S CONTENT "${asm}" @ONLY)
    file(CONFIGURE OUTPUT ${dir}/files.cpp CONTENT
"extern \"C\" {
${decls}}
namespace aig::detail {
struct EmbeddedRow { const char* name; const char* begin; const char* end; };
extern const EmbeddedRow embedded_rows[];
extern const unsigned long embedded_count;
const EmbeddedRow embedded_rows[] = {
${rows}    {nullptr, nullptr, nullptr}};
const unsigned long embedded_count = ${i};
}
" @ONLY)
    set_source_files_properties(${dir}/files.S PROPERTIES OBJECT_DEPENDS "${deps}")
    add_library(${target} STATIC ${dir}/files.S ${dir}/files.cpp)
endfunction()
