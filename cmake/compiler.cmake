# The compiler and its flags. g++ before 13 miscompiles coroutines (temporaries in the full expression of a co_await are
# destroyed twice or too early), so a build that would run and then corrupt memory is refused here.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles C++20 coroutines (objects are destroyed twice around "
        "co_await). Use clang-16 (Debian: apt-get install clang-16 lld-16), or g++ 13 or newer: "
        "cmake --preset release")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
# simdjson picks its on-demand kernels when we are compiled: without these every JSON value goes through its portable ones.
# Every x86-64 server processor since 2010 has them.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    string(APPEND CMAKE_CXX_FLAGS_RELEASE " -march=x86-64-v2 -mpclmul")
endif()
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g1")

find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(aig_flags INTERFACE)
target_compile_options(aig_flags INTERFACE -Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor
    -Wno-gnu-statement-expression -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
    $<$<NOT:$<CONFIG:Release>>:-fno-omit-frame-pointer>)

if(AIG_SANITIZE)
    string(FIND "${AIG_SANITIZE}" "undefined" has_ubsan)
    add_compile_options(-fsanitize=${AIG_SANITIZE})
    string(REPLACE ",fuzzer-no-link" "" link_sanitize "${AIG_SANITIZE}")
    add_link_options(-fsanitize=${link_sanitize})
    if(NOT has_ubsan EQUAL -1)
        add_compile_options(-fno-sanitize-recover=undefined)
    endif()
    add_compile_definitions(AIG_SANITIZED=1)
endif()
