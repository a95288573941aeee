# The release binary is compiled with what a run of it showed to be hot (profile/aig.profdata, made by `make profile`) and
# linked as a whole: together a fifth fewer instructions of our own code, which is spread thin over hundreds of functions
# (docs/decisions/0022). Where a function has changed since, its profile is not used and nothing else happens.
#   AIG_OPTIMISE=profiled   the default of release builds without tests
#   AIG_OPTIMISE=recording  a binary that writes such a run down
#   AIG_OPTIMISE=plain      neither: quick links, for work in progress and for tests
set(AIG_PROFILE ${CMAKE_SOURCE_DIR}/profile/aig.profdata)
set(default plain)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT AIG_TESTS AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    set(default profiled)
endif()
set(AIG_OPTIMISE ${default} CACHE STRING "profiled, recording or plain")

# Functions of a file are known by its name, not by where it lies: a profile is made in one folder and used in another.
set(named_alike "SHELL:$<$<COMPILE_LANGUAGE:C,CXX>:-mllvm -static-func-full-module-prefix=false>")
if(AIG_OPTIMISE STREQUAL "profiled")
    # By a name of its own for each content: a new profile compiles everything anew.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${AIG_PROFILE})
    file(SHA256 ${AIG_PROFILE} hash)
    string(SUBSTRING ${hash} 0 12 hash)
    set(used ${CMAKE_BINARY_DIR}/aig-${hash}.profdata)
    configure_file(${AIG_PROFILE} ${used} COPYONLY)
    # Linking as a whole needs libraries that keep the compiler's own kind of objects: only the archiver of the same version does.
    string(REGEX MATCH "^[0-9]+" version ${CMAKE_CXX_COMPILER_VERSION})
    find_program(AIG_AR llvm-ar-${version})
    find_program(AIG_RANLIB llvm-ranlib-${version})
    if(AIG_AR AND AIG_RANLIB)
        set(CMAKE_AR ${AIG_AR})
        set(CMAKE_RANLIB ${AIG_RANLIB})
        add_compile_options("$<$<COMPILE_LANGUAGE:C,CXX>:-flto=thin>")
        add_link_options(-flto=thin -Wl,--thinlto-cache-dir=${CMAKE_BINARY_DIR}/thinlto
            -Wl,--thinlto-cache-policy,cache_size_bytes=500m)
    else()
        message(STATUS "no llvm-ar-${version}: linking each file by itself (Debian: apt-get install llvm-${version})")
    endif()
    add_compile_options(${named_alike} "$<$<COMPILE_LANGUAGE:C,CXX>:-fprofile-use=${used};-Wno-profile-instr-unprofiled;-Wno-profile-instr-out-of-date;-Wno-backend-plugin>")
    add_link_options(-fprofile-use=${used})
    # What a call runs through lies together at the beginning of the code: aligned so that it may lie in one huge page (src/app/hot_text.h).
    add_link_options(-Wl,-z,max-page-size=2097152 -Wl,-z,separate-code)
elseif(AIG_OPTIMISE STREQUAL "recording")
    add_compile_options(${named_alike} "$<$<COMPILE_LANGUAGE:C,CXX>:-fprofile-generate>")
    add_link_options(-fprofile-generate)
elseif(NOT AIG_OPTIMISE STREQUAL "plain")
    message(FATAL_ERROR "AIG_OPTIMISE is '${AIG_OPTIMISE}': use profiled, recording or plain")
endif()
