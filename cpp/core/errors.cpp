#include "core/errors.hpp"

#include <cstdint>

namespace fasttest {

void check_id(std::string_view kind, std::int64_t id, std::size_t size) {
    if (id >= 0 && static_cast<std::size_t>(id) < size) return;
    throw PlanError("there is no " + std::string(kind) + " " + std::to_string(id) +
                    ": ids run from 0, and " + std::to_string(size) + " were added so far");
}

std::string joined_path(const std::vector<std::string>& names) {
    std::string path;
    for (const std::string& name : names) {
        if (!path.empty()) path += " -> ";
        path += name;
    }
    return path;
}

}  // namespace fasttest
