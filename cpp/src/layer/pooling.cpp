#include <ppdl/layer/pooling.hpp>

#include "../base/simd.hpp"

#include <ppdl/base/check.hpp>

#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace ppdl {
namespace {

/// One channel at a time: what is left over by vectors.
template <class Scalar>
struct One {
  using Value = Scalar;
  using Memory = Scalar;
  using Winner = std::int32_t;
  static Winner winner(Index offset) { return static_cast<Winner>(offset); }
  static void store(Winner winner, std::int32_t* to) { *to = winner; }
};

/// As many channels as a vector holds.
template <class Scalar>
struct Many {
  using Value = typename Simd<Scalar>::Aligned;
  using Memory = typename Simd<Scalar>::Anywhere;
  using Winner = decltype(Value{} > Value{});
  static constexpr Index lanes = Simd<Scalar>::lanes;
  typedef std::int32_t Narrow __attribute__((vector_size(lanes * sizeof(std::int32_t))));
  typedef std::int32_t Stored __attribute__((vector_size(lanes * sizeof(std::int32_t)), aligned(4), may_alias));

  static Winner winner(Index offset) {
    return Winner{} + static_cast<std::conditional_t<sizeof(Scalar) == 4, std::int32_t, std::int64_t>>(offset);
  }
  static void store(const Winner& winner, std::int32_t* to) {
    *reinterpret_cast<Stored*>(to) = __builtin_convertvector(winner, Narrow);
  }
};

/// What of a window lies in the map: where it begins, and its points.
struct Region {
  Index offset, rows, cols;
};

template <class Scalar>
class PoolingLayer final : public Layer<Scalar> {
 public:
  PoolingLayer(const PoolingOptions& options, const Shape& input, const Shape& output)
      : options_(options), input_(input), output_(output) {}
  [[nodiscard]] Index n_inputs() const override { return input_.size(); }
  [[nodiscard]] Index n_outputs() const override { return output_.size(); }
  /// A comparison or an addition for each number of each window, forward and again reverse.
  [[nodiscard]] double multiply_adds(Index batch) const override {
    const Index points = std::min(options_.height, input_.height) * std::min(options_.width, input_.width);
    return 2.0 * static_cast<double>(batch) * static_cast<double>(output_.size() * points);
  }

  [[nodiscard]] std::unique_ptr<Scratch> scratch(Index rows, Index, bool training, bool reverse_input) const override {
    if (options_.kind == Pooling::average || !training || !reverse_input) return nullptr;
    auto work = std::make_unique<Work>();
    work->winners.resize(rows, n_outputs());
    return work;
  }

  void forward(const Pass&, Index, Index first, const Scalar*, const ConstMatrixRef<Scalar>& input,
               MatrixRef<Scalar> output, Scratch* scratch) const override {
    auto* work = static_cast<Work*>(scratch);
    for (Index i = 0; i < input.rows(); ++i) {
      const Scalar* from = input.row(i).data();
      Scalar* to = output.row(i).data();
      if (options_.kind == Pooling::average) {
        for_outputs<true>([&]<class Lanes>(Lanes, const Region& region, Index in, Index out) {
          average<Lanes>(region, from + in, to + out);
        });
      } else if (work == nullptr) {
        for_outputs<true>([&]<class Lanes>(Lanes, const Region& region, Index in, Index out) {
          largest<Lanes, false>(region, from + in, to + out, nullptr);
        });
      } else {
        std::int32_t* winners = work->winners.row(first + i).data();
        for_outputs<true>([&]<class Lanes>(Lanes, const Region& region, Index in, Index out) {
          largest<Lanes, true>(region, from + in, to + out, winners + out);
        });
      }
    }
  }

  void reverse(const Pass&, Index, Index first, const ConstMatrixRef<Scalar>&, const ConstMatrixRef<Scalar>& d_output,
               MatrixRef<Scalar>* d_input, Scratch* scratch) const override {
    if (d_input == nullptr) return;
    d_input->setZero();
    for (Index i = 0; i < d_output.rows(); ++i) {
      const Scalar* from = d_output.row(i).data();
      Scalar* to = d_input->row(i).data();
      if (options_.kind == Pooling::average) {
        for_outputs<false>([&]<class Lanes>(Lanes, const Region& region, Index in, Index out) {
          spread<Lanes>(region, from + out, to + in);
        });
      } else {
        const std::int32_t* winners = static_cast<Work*>(scratch)->winners.row(first + i).data();
        for_regions([&](const Region& region, Index point) {
          for (Index out = point; out < point + input_.channels; ++out) {
            to[region.offset + (out - point) + winners[out]] += from[out];
          }
        });
      }
    }
  }

 private:
  struct Work final : Scratch {
    Matrix<std::int32_t> winners;  ///< (rows, n_outputs) from the beginning of its window to the largest number
  };

  /// f(region, where its outputs stand), for all windows of a sample.
  template <class F>
  void for_regions(const F& f) const {
    const Index channels = input_.channels;
    Index point = 0;
    for (Index i = 0; i < output_.height; ++i) {
      const Index row = i * options_.row_stride, rows = std::min(options_.height, input_.height - row);
      for (Index j = 0; j < output_.width; ++j, point += channels) {
        const Index col = j * options_.col_stride, cols = std::min(options_.width, input_.width - col);
        f(Region{(row * input_.width + col) * channels, rows, cols}, point);
      }
    }
  }

  /// f(lanes, region, where the channels begin in the input, and in the output): a vector of channels at a time while there are
  /// enough. Where it `repeats`, f may be called twice for a channel, and the last vector overlaps the one before.
  template <bool repeats, class F>
  void for_outputs(const F& f) const {
    constexpr Index lanes = Many<Scalar>::lanes;
    const Index channels = input_.channels;
    for_regions([&](const Region& region, Index point) {
      Index c = 0;
      for (; c + lanes <= channels; c += lanes) f(Many<Scalar>{}, region, region.offset + c, point + c);
      if (repeats && c < channels && channels > lanes) {
        c = channels - lanes;
        f(Many<Scalar>{}, region, region.offset + c, point + c);
      } else {
        for (; c < channels; ++c) f(One<Scalar>{}, region, region.offset + c, point + c);
      }
    });
  }

  /// f(offset of a point from the region's beginning), row after row.
  template <class F>
  void for_points(const Region& region, const F& f) const {
    for (Index i = 0; i < region.rows; ++i) {
      Index offset = i * input_.width * input_.channels;
      for (Index j = 0; j < region.cols; ++j, offset += input_.channels) f(offset);
    }
  }

  template <class Lanes, bool keeps_winner>
  void largest(const Region& region, const Scalar* from, Scalar* to, std::int32_t* winners) const {
    using Memory = typename Lanes::Memory;
    typename Lanes::Value best = *reinterpret_cast<const Memory*>(from);
    typename Lanes::Winner winner = Lanes::winner(0);
    for_points(region, [&](Index offset) {
      const typename Lanes::Value value = *reinterpret_cast<const Memory*>(from + offset);
      const auto wins = (value > best) | (value != value);  // a NaN wins, and nothing is larger
      best = wins ? value : best;
      if constexpr (keeps_winner) winner = wins ? Lanes::winner(offset) : winner;
    });
    *reinterpret_cast<Memory*>(to) = best;
    if constexpr (keeps_winner) Lanes::store(winner, winners);
  }

  template <class Lanes>
  void average(const Region& region, const Scalar* from, Scalar* to) const {
    using Memory = typename Lanes::Memory;
    typename Lanes::Value sum{};
    for_points(region, [&](Index offset) { sum += *reinterpret_cast<const Memory*>(from + offset); });
    *reinterpret_cast<Memory*>(to) = sum / static_cast<Scalar>(region.rows * region.cols);
  }

  /// The reverse of `average`: adds its part to each point.
  template <class Lanes>
  void spread(const Region& region, const Scalar* from, Scalar* to) const {
    using Memory = typename Lanes::Memory;
    const typename Lanes::Value part =
        *reinterpret_cast<const Memory*>(from) / static_cast<Scalar>(region.rows * region.cols);
    for_points(region, [&](Index offset) { *reinterpret_cast<Memory*>(to + offset) += part; });
  }

  PoolingOptions options_;
  Shape input_, output_;
};

/// Windows along a side of n points; none where the first would have no place.
Index n_windows(Index n, Index size, Index stride, bool ceil_mode) {
  const Index beyond = n - size + (ceil_mode ? stride - 1 : 0);
  if (beyond < 0) return 0;
  return std::min(beyond / stride + 1, (n + stride - 1) / stride);  // each begins inside
}

}  // namespace

Pooling pooling_from_string(std::string_view name) {
  if (name == "max") return Pooling::max;
  if (name == "average") return Pooling::average;
  throw_invalid("pooling: received '", name, "'; expected max or average");
}

template <class Scalar>
PoolingSpec<Scalar>::PoolingSpec(const PoolingOptions& options) : options_(options) {
  check(options.height > 0 && options.width > 0, "size of pooling: received ", options.height, " x ", options.width,
        "; expected at least 1 x 1");
  check(options.row_stride > 0 && options.col_stride > 0, "stride of pooling: received ", options.row_stride, " x ",
        options.col_stride, "; expected at least 1 x 1");
}

template <class Scalar>
Shape PoolingSpec<Scalar>::output_shape(const Shape& input) const {
  const PoolingOptions& o = options_;
  const Shape output{.height = n_windows(input.height, o.height, o.row_stride, o.ceil_mode),
                     .width = n_windows(input.width, o.width, o.col_stride, o.ceil_mode),
                     .channels = input.channels};
  const auto least = [&](Index size, Index stride) {
    return o.ceil_mode ? std::max<Index>(1, size - stride + 1) : size;
  };
  check(output.n_points() > 0, "pooling: received a map of ", input.height, " x ", input.width, "; expected at least ",
        least(o.height, o.row_stride), " x ", least(o.width, o.col_stride), ", for a window of ", o.height, " x ",
        o.width, " and a stride of ", o.row_stride, " x ", o.col_stride, o.ceil_mode ? "" : " without ceil_mode");
  return output;
}

template <class Scalar>
std::unique_ptr<const Layer<Scalar>> PoolingSpec<Scalar>::make(const Shape& input, const LayerContext&) const {
  return std::make_unique<PoolingLayer<Scalar>>(options_, input, output_shape(input));
}

template class PoolingSpec<float>;
template class PoolingSpec<double>;

}  // namespace ppdl
