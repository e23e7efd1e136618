#include "core/streams.hpp"

namespace fasttest {

Stream& Streams::open(TestId test) {
    auto& stream = by_test_[row(test)];
    stream = std::make_unique<Stream>();
    stream->test = test;
    ++size_;
    ++counts_[index(stream->state)];
    return *stream;
}

void Streams::close(TestId test) {
    auto& stream = by_test_[row(test)];
    --size_;
    --counts_[index(stream->state)];
    stream.reset();
}

Stream* Streams::find(TestId test) const {
    if (test < none || row(test) >= by_test_.size()) return nullptr;
    return by_test_[row(test)].get();
}

void Streams::set_state(Stream& stream, Stream::State state) {
    --counts_[index(stream.state)];
    stream.state = state;
    ++counts_[index(state)];
}

void Streams::wake(Stream& stream) {
    set_state(stream, Stream::State::ready);
    ready_.push_back(stream.test);
}

Stream* Streams::next_ready() {
    if (ready_.empty()) return nullptr;
    Stream* stream = find(ready_.front());
    ready_.pop_front();
    return stream;
}

}  // namespace fasttest
