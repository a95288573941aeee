// Puts the code that calls run through on a huge page. A release binary has it in one place (cmake/optimised.cmake):
// two megabytes, of which a call runs through two hundred pages, more than a processor has instruction-TLB entries for.
#pragma once

namespace aig::app {

/// At the start; once is enough. Where the kernel has no huge page for it or forbids code that was written, or the
/// binary is laid out differently, everything stays as it is: nothing but speed depends on it.
void use_huge_page_for_hot_text();

}  // namespace aig::app
