# Outside libraries, all Debian 12 packages (named in tools/packages.txt).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(simdjson REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(Boost 1.81 REQUIRED)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(CURL REQUIRED libcurl)   # its headers; the library is loaded with the first mail

# llhttp comes as C sources (Debian: node-llhttp). Strict mode, or it lets through CR x after an empty value
# (CVE-2023-30589) and CR LF CR x as the end of a head (CVE-2025-23167).
set(AIG_LLHTTP_SOURCE /usr/share/llhttp CACHE PATH "folder with llhttp.c, api.c, http.c")
set(AIG_LLHTTP_INCLUDE /usr/share/include/llhttp CACHE PATH "folder with llhttp.h")
if(NOT EXISTS ${AIG_LLHTTP_SOURCE}/llhttp.c)
    message(FATAL_ERROR "llhttp sources not found in ${AIG_LLHTTP_SOURCE}: apt-get install node-llhttp, or set AIG_LLHTTP_SOURCE")
endif()
add_library(llhttp STATIC ${AIG_LLHTTP_SOURCE}/llhttp.c ${AIG_LLHTTP_SOURCE}/api.c ${AIG_LLHTTP_SOURCE}/http.c)
target_include_directories(llhttp SYSTEM PUBLIC ${AIG_LLHTTP_INCLUDE})
target_compile_definitions(llhttp PUBLIC LLHTTP_STRICT_MODE=1)
target_compile_options(llhttp PRIVATE -w)

# The release binary's allocator: a call makes some eighty small allocations (coroutine frames, texts), and this one gives back what
# was freed last, which is still in the processor's caches (docs/decisions/0023). As an archive: a call of it goes through no table.
# Sanitizers bring their own.
find_library(AIG_TCMALLOC libtcmalloc_minimal.a REQUIRED)

add_library(aig_boost INTERFACE)
target_include_directories(aig_boost SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_compile_definitions(aig_boost INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
    BOOST_ASIO_DISABLE_BOOST_DATE_TIME BOOST_ASIO_NO_TS_EXECUTORS
    BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING)   # a search for a block that is large enough costs more than the allocator

# What each room needs from outside; rooms not named here need nothing but fmt and simdjson (through base).
set(AIG_LIBS_base fmt::fmt simdjson::simdjson spdlog::spdlog OpenSSL::Crypto Threads::Threads)
set(AIG_LIBS_rt aig_boost Threads::Threads)
set(AIG_LIBS_net aig_boost llhttp OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB)
set(AIG_LIBS_provider ZLIB::ZLIB OpenSSL::Crypto)
set(AIG_LIBS_store PkgConfig::SQLITE PkgConfig::SODIUM)
set(AIG_LIBS_catalogue yaml-cpp)
set(AIG_LIBS_identity OpenSSL::Crypto PkgConfig::SODIUM)
set(AIG_LIBS_ledger OpenSSL::Crypto PkgConfig::SODIUM)
set(AIG_LIBS_records OpenSSL::Crypto)
set(AIG_LIBS_mail fmt::fmt ${CMAKE_DL_LIBS})
set(AIG_LIBS_topup OpenSSL::Crypto)
set(AIG_LIBS_sim aig_boost ZLIB::ZLIB)
set(AIG_LIBS_app yaml-cpp)
