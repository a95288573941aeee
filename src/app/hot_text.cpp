#include "app/hot_text.h"

#include <link.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <utility>

namespace aig::app {
namespace {

#ifndef MADV_COLLAPSE
constexpr int MADV_COLLAPSE = 25;  // Linux 6.1
#endif
constexpr uintptr_t huge = uintptr_t{2} << 20;
uintptr_t up(uintptr_t at) { return (at + huge - 1) & ~(huge - 1); }

struct Code {
    uintptr_t begin = 0, end = 0;
};

/// The executable segment of the program itself, which the list begins with.
Code own_code() {
    Code code;
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* to) {
            for (int i = 0; i < info->dlpi_phnum; ++i) {
                const auto& segment = info->dlpi_phdr[i];
                if (segment.p_type != PT_LOAD || !(segment.p_flags & PF_X)) continue;
                const uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
                *static_cast<Code*>(to) = {begin, begin + segment.p_memsz};
            }
            return 1;
        },
        &code);
    return code;
}

/// A copy that is one huge page and may be run; null where there is none to be had.
void* runnable_copy(const void* code) {
    void* const room = ::mmap(nullptr, 2 * huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) return nullptr;
    const auto at = reinterpret_cast<uintptr_t>(room), aligned = up(at);
    if (aligned > at) ::munmap(room, aligned - at);
    ::munmap(reinterpret_cast<void*>(aligned + huge), at + huge - aligned);
    void* const copy = reinterpret_cast<void*>(aligned);
    ::madvise(copy, huge, MADV_HUGEPAGE);
    std::memcpy(copy, code, huge);
    if (::madvise(copy, huge, MADV_COLLAPSE) == 0 && ::mprotect(copy, huge, PROT_READ | PROT_EXEC) == 0) return copy;
    ::munmap(copy, huge);
    return nullptr;
}

}  // namespace

void use_huge_page_for_hot_text() {
    static bool tried = false;  // in place for good
    if (std::exchange(tried, true)) return;
    const Code code = own_code();
    const uintptr_t at = up(code.begin);
    // Hot code comes first; where the segment does not begin with a huge page, it would not be the hot code that moves.
    if (code.begin == 0 || at - code.begin > huge / 8 || at + huge > code.end) return;
    void* const there = reinterpret_cast<void*>(at);
    void* const copy = runnable_copy(there);
    if (copy && ::mremap(copy, huge, huge, MREMAP_MAYMOVE | MREMAP_FIXED, there) != there) ::munmap(copy, huge);
}

}  // namespace aig::app
