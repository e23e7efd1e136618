#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fasttest {

/// Rows of different lengths in two flat vectors (compressed sparse rows).
template <class T>
class Rows {
  public:
    std::size_t size() const { return begin_.size() - 1; }
    std::span<const T> operator[](std::int32_t row) const {
        const auto at = static_cast<std::size_t>(row);
        return std::span<const T>(values_).subspan(begin_[at], begin_[at + 1] - begin_[at]);
    }
    /// Position of the row's first value among the values of all rows.
    std::size_t begin_of(std::int32_t row) const { return begin_[static_cast<std::size_t>(row)]; }

    void push_back(std::span<const T> row) {
        values_.insert(values_.end(), row.begin(), row.end());
        end_row();
    }
    /// Appends to the row that is being written; end_row() completes it.
    void append(const T& value) { values_.push_back(value); }
    void end_row() { begin_.push_back(static_cast<std::uint32_t>(values_.size())); }

    void shrink_to_fit() {
        begin_.shrink_to_fit();
        values_.shrink_to_fit();
    }
    std::size_t memory_bytes() const {
        return begin_.capacity() * sizeof(std::uint32_t) + values_.capacity() * sizeof(T);
    }

  private:
    std::vector<std::uint32_t> begin_{0};
    std::vector<T> values_;
};

}  // namespace fasttest
