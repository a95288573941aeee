// What all operator commands share: where the books are, and how to ask.
#pragma once

#include "base/json.h"
#include "cli/detail/command.h"

namespace aig::cli {

struct Operator {
    Place place;
    std::string url, token;
    bool json = false;
};
/// --config, --data, --url, --admin-token, --json.
void operator_options(Spec& spec, Operator& o);

/// Asks once: over --url, over the socket of a running gateway, or in this process. A refusal of the admin API is an
/// Error with the admin API's own words.
Result<std::string> ask(const Context& context, const Operator& o, AdminRequest request);

/// Asks and prints: the reply as it is with --json, else what `say` makes of it. Gives the exit code.
int ask_and_print(const Context& context, const Operator& o, AdminRequest request,
                  const std::function<void(JsonRef reply)>& say);

/// A member as one cell of a table: "-" for null, absent or empty; nothing in it moves a terminal's cursor.
std::string cell(JsonRef v);

/// Pages through a list until it ends and prints it as a table of `columns` (one JSON object with --json). `filter` is
/// "&name=value" or "".
int print_list(const Context& context, const Operator& o, std::string path, std::string_view member,
               const std::string& filter, const std::vector<std::string>& columns, int64_t most = INT64_MAX);

/// The same of a list that is one page.
int print_table_of(const Context& context, const Operator& o, std::string path, std::string_view member,
                   const std::vector<std::string>& columns);

/// The members of an object, one a line; members that are objects or lists as JSON.
void say_members(std::ostream& out, JsonRef object);

/// What a wallet holds, four lines.
void say_wallet(std::ostream& out, JsonRef wallet);

/// "a,b" as a JSON array of texts.
void write_list(JsonWriter& w, std::string_view comma_separated);

/// Columns as wide as their widest cell; the first row is the heading.
void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows);

}  // namespace aig::cli
