#include "core/delta_debugging.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <random>
#include <set>
#include <vector>

#include "core/errors.hpp"

namespace fasttest {

namespace {

using Set = std::vector<std::int32_t>;
using Fails = std::function<bool(const Set&)>;

// Answers all questions; returns how many there were.
int answer(DeltaDebugging& search, const Fails& fails) {
    int questions = 0;
    for (; !search.is_done(); ++questions) {
        EXPECT_FALSE(search.next().empty());
        EXPECT_TRUE(std::ranges::is_sorted(search.next()));
        EXPECT_TRUE(std::ranges::includes(search.set(), search.next()));
        search.tell(fails(search.next()));
    }
    return questions;
}

Fails with(Set culprits) {
    return [culprits = std::move(culprits)](const Set& set) {
        return std::ranges::includes(set, culprits);
    };
}

TEST(DeltaDebuggingTest, OneElementIsTheCulprit) {
    DeltaDebugging search(1);
    EXPECT_TRUE(search.is_done());
    EXPECT_EQ(search.set(), Set{0});
    EXPECT_TRUE(search.next().empty());
}

TEST(DeltaDebuggingTest, RefusesWhatMakesNoSense) {
    EXPECT_THROW(DeltaDebugging(0), PlanError);
    DeltaDebugging search(1);
    EXPECT_THROW(search.tell(true), OrchestratorError);
}

TEST(DeltaDebuggingTest, OfTwoEachIsAskedAboutOnce) {
    DeltaDebugging search(2);
    EXPECT_EQ(search.next(), Set{0});
    search.tell(false);
    EXPECT_EQ(search.next(), Set{1});
    search.tell(false);
    EXPECT_TRUE(search.is_done());
    EXPECT_EQ(search.set(), (Set{0, 1}));
}

class SizesTest : public testing::TestWithParam<int> {};

TEST_P(SizesTest, FindsOneCulpritInLogarithmicTime) {
    const int size = GetParam();
    for (std::int32_t culprit = 0; culprit < size; ++culprit) {
        DeltaDebugging search(size);
        const int questions = answer(search, with({culprit}));
        EXPECT_EQ(search.set(), Set{culprit});
        EXPECT_LE(questions, 2 * std::bit_width(static_cast<unsigned>(size - 1)));
    }
}

TEST_P(SizesTest, FindsTheOnlySetThatFails) {
    const int size = GetParam();
    std::mt19937 random(static_cast<unsigned>(size));
    for (int round = 0; round < 50; ++round) {
        std::set<std::int32_t> chosen;
        std::uniform_int_distribution<std::int32_t> any(0, size - 1);
        std::uniform_int_distribution<std::size_t> few(1, 4);
        const std::size_t count = std::min(few(random), static_cast<std::size_t>(size));
        while (chosen.size() < count) chosen.insert(any(random));
        const Set culprits(chosen.begin(), chosen.end());
        DeltaDebugging search(size);
        const int questions = answer(search, with(culprits));
        EXPECT_EQ(search.set(), culprits);
        EXPECT_LE(questions, size * size + 3 * size);  // the paper's bound
    }
}

// Whatever fails, also where a superset of a set that fails need not: 1-minimal is what is left.
TEST_P(SizesTest, NothingCanBeLeftOutOfTheAnswer) {
    const int size = GetParam();
    for (unsigned seed = 0; seed < 50; ++seed) {
        const Fails fails = [size, seed](const Set& set) {
            unsigned hash = seed;
            for (const std::int32_t element : set)
                hash = hash * 31 + static_cast<unsigned>(element) + 7;
            return static_cast<int>(set.size()) == size || hash % 3 == 0;
        };
        DeltaDebugging search(size);
        answer(search, fails);
        const Set& found = search.set();
        EXPECT_TRUE(fails(found));
        for (std::size_t left_out = 0; found.size() > 1 && left_out < found.size(); ++left_out) {
            Set rest = found;
            rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(left_out));
            EXPECT_FALSE(fails(rest));
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, SizesTest, testing::Values(1, 2, 3, 5, 8, 17, 32, 100));

}  // namespace

}  // namespace fasttest
