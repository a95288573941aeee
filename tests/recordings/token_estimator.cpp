// The token estimator against what providers counted. AIG_TOKEN_SAMPLES=FILE writes the samples for
// tools/fit_tokens.py; AIG_TOKEN_TABLE=1 prints the error table of docs/reference/token-estimator.md.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "recordings.h"
#include "token_samples.h"

using namespace aig;
using namespace aig::canon;
using recordings::TokenSample;

TEST(TokenEstimator, writes_samples) {
    const char* path = std::getenv("AIG_TOKEN_SAMPLES");
    if (!path) GTEST_SKIP() << "AIG_TOKEN_SAMPLES is not set";
    std::FILE* out = std::fopen(path, "w");
    ASSERT_TRUE(out);
    fmt::print(out,
               "family\toutput\ttokens\tletters\twords\tdigits\tspaces\tmarks\teuropean\twide\tbytes\tmessages\ttools\t"
               "plain\tfile\tid\tmodel\n");
    for (const TokenSample& s : recordings::token_samples()) {
        const TextSize& t = s.size.text;
        fmt::print(out, "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
                   recordings::family_name(s.family), s.output ? 1 : 0, s.tokens, t.letters, t.words, t.digits,
                   t.spaces, t.marks, t.european, t.wide, t.bytes, s.size.messages, s.size.tools, s.plain() ? 1 : 0,
                   s.file, s.id, s.model);
    }
    std::fclose(out);
}
