#include <ppdl/layer/convolution/patch_product.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/correlate.hpp>

#include <array>
#include <map>
#include <utility>
#include <vector>

namespace ppdl {
namespace {

// What a multiply-add of a filter, and a number of a map that is written and read, cost in multiply-adds of a product.
constexpr double kFilterCost = 3.0, kMapCost = 20.0;

/// P = [the image, channel by channel, convolved with each atom of B], then Z_j = P[:, α_j] (T_jV_j). An atom is an outer product:
/// a filter along rows, which the atoms of a group share, then one along columns.
template <class Scalar>
class WithMaps final : public PatchProduct<Scalar> {
  using Base = PatchProduct<Scalar>;

  struct Coefficients final : Base::Coefficients {
    Vector<Scalar> M;                   // T_jV_j, where there is a T
    std::vector<const Scalar*> left;    // M_j as it lies
    std::vector<Panels<Scalar>> right;  // M_j packed
  };
  struct Buffers final : Base::Buffers {
    Matrix<Scalar> P;                       // (n_images, n_maps n_positions): maps (atom, channel) of each image
    Vector<Scalar> planes;                  // the padded image, channel by channel, the border zero
    Vector<Scalar> along_rows;              // one channel, filtered along rows
    Panels<Scalar> gradients, gradients_t;  // dZ_j and its transpose, packed
    Matrix<Scalar> dP;                      // (n_maps, positions with zeros above and below)
    Matrix<Scalar> dP_column;               // (maps of a column, n_positions)
    Matrix<Scalar> d_filtered;              // (padded height, width of the maps) of one group and channel
    Vector<Scalar> d_along_rows;            // the same for each group, with zeros beside each row
    Vector<Scalar> d_planes;
  };

 public:
  WithMaps(std::shared_ptr<const PredictedWeights<Scalar>> weights, const PatchGrid& grid)
      : weights_(std::move(weights)), grid_(grid) {
    const Separable<Scalar>& base = *weights_->separable();
    factors_y_ = base.factors_y.transpose();
    factors_x_ = base.factors_x.transpose();
    reversed_y_ = factors_y_.rowwise().reverse();
    reversed_x_ = factors_x_.rowwise().reverse();
    find_groups(base.pairs);
    find_maps();
  }

  [[nodiscard]] Order order() const override { return Order::shared; }
  [[nodiscard]] double multiply_adds(const Setting& setting) const override {
    const double positions = static_cast<double>(grid_.n_positions());
    return filters(setting) + setting.n_passes() * positions * static_cast<double>(weights_->n_dynamic());
  }
  [[nodiscard]] double multiply_adds_once(const Setting& setting) const override {
    double sum = 0.0;
    for (Index j = 0; j < weights_->n_columns(); ++j) {
      const Matrix<Scalar>& mix = weights_->columns()[at(j)].mix;
      sum += static_cast<double>(mix.rows() * weights_->n_atoms(j) * weights_->n_hidden(j));
    }
    return setting.training ? 2.0 * sum : sum;
  }

  [[nodiscard]] double effort(const Setting& setting) const override {
    const double maps = static_cast<double>(n_maps() * grid_.n_positions());
    const double each =
        multiply_adds(setting) + (kFilterCost - 1.0) * filters(setting) + kMapCost * maps * setting.n_passes();
    return static_cast<double>(setting.batch) * each + multiply_adds_once(setting);
  }

  [[nodiscard]] std::unique_ptr<typename Base::Coefficients> coefficients(bool) const override {
    auto made = std::make_unique<Coefficients>();
    if (weights_->has_mix()) made->M.resize(weights_->n_dynamic());
    made->left.resize(at(weights_->n_columns()));
    for (Index j = 0; j < weights_->n_columns(); ++j)
      made->right.emplace_back(weights_->n_atoms(j), weights_->n_hidden(j));
    return made;
  }

  /// One column.
  [[nodiscard]] Index n_prepare_tasks() const override { return weights_->n_columns(); }
  void prepare(Index j, const Scalar* V, typename Base::Coefficients& coefficients) const override {
    auto& made = static_cast<Coefficients&>(coefficients);
    const Matrix<Scalar>& mix = weights_->columns()[at(j)].mix;
    made.left[at(j)] = V + weights_->offset(j);
    if (mix.size() > 0) {
      Scalar* M = made.M.data() + weights_->offset(j);
      multiply<Scalar>(mix, over_points(V, j), MatrixMap<Scalar>(M, mix.rows(), width(j)));
      made.left[at(j)] = M;
    }
    made.right[at(j)].pack(0, coefficients_of(made, j));
  }

  [[nodiscard]] std::unique_ptr<typename Base::Buffers> buffers() const override { return std::make_unique<Buffers>(); }

  void forward(const typename Base::Coefficients& coefficients, const ConstMatrixRef<Scalar>& X, MatrixMap<Scalar> Z,
               typename Base::Buffers& buffers) const override {
    const auto& made = static_cast<const Coefficients&>(coefficients);
    auto& own = static_cast<Buffers&>(buffers);
    const Index n = grid_.n_positions();
    if (own.P.rows() < X.rows()) own.P.resize(X.rows(), n_maps() * n);
    if (own.planes.size() == 0) own.planes = Vector<Scalar>::Zero(grid_.padded_size() + filter_overrun<Scalar>());
    for (Index i = 0; i < X.rows(); ++i) {
      pool(&X.coeffRef(i, 0), &own.P(i, 0), own);
      for (Index j = 0; j < weights_->n_columns(); ++j) {
        multiply_transposed<Scalar>(maps(&own.P(i, 0), j), 0, made.right[at(j)],
                                    Z.block(i * n, weights_->first_hidden(j), n, weights_->n_hidden(j)));
      }
    }
  }

  [[nodiscard]] Index n_sums() const override { return weights_->n_dynamic(); }
  [[nodiscard]] bool sums_are_gradient() const override { return !weights_->has_mix(); }

  void reverse(const typename Base::Coefficients& coefficients, ConstMatrixMap<Scalar> dZ, MatrixRef<Scalar>* dX,
               Scalar* sums, typename Base::Buffers& buffers) const override {
    const auto& made = static_cast<const Coefficients&>(coefficients);
    auto& own = static_cast<Buffers&>(buffers);
    const Index n = grid_.n_positions(), n_images = dZ.rows() / n;
    for (Index i = 0; i < n_images; ++i) {
      for (Index j = 0; j < weights_->n_columns(); ++j) {
        own.gradients.resize(n, weights_->n_hidden(j));
        own.gradients.pack(0, dZ.block(i * n, weights_->first_hidden(j), n, weights_->n_hidden(j)));
        multiply<Scalar>(maps(&own.P(i, 0), j), own.gradients, weights_->v(sums, j),
                         i == 0 ? Into::overwrite : Into::add);
      }
      if (dX == nullptr) continue;
      reverse_products(made, dZ.middleRows(i * n, n), own);
      reverse_pool(&dX->coeffRef(i, 0), own);
    }
  }

  [[nodiscard]] Index n_finish_tasks() const override { return sums_are_gradient() ? 0 : weights_->n_columns(); }
  void finish(Index j, const Scalar* sums, Scalar* dV) const override {
    const Matrix<Scalar>& mix = weights_->columns()[at(j)].mix;
    if (mix.size() == 0) {
      weights_->v(dV, j) = weights_->v(sums, j);
    } else {
      multiply_transposed<Scalar>(mix, over_points(sums, j),
                                  MatrixMap<Scalar>(dV + weights_->offset(j), mix.rows(), width(j)));
    }
  }

 private:
  /// Atoms that share their filter along rows.
  struct Group {
    Index x;
    std::vector<Index> atoms, y;  ///< numbers among those in use; filters along columns
  };

  [[nodiscard]] Index n_maps() const { return n_used_ * weights_->n_channels(); }
  [[nodiscard]] Index row_margin() const { return grid_.window().width - 1; }
  [[nodiscard]] Index margin() const { return (grid_.window().height - 1) * grid_.width(); }
  [[nodiscard]] Index padded_row() const { return grid_.width() + 2 * row_margin(); }
  /// Multiply-adds of all filters of one image.
  [[nodiscard]] double filters(const Setting& setting) const {
    const Index along_rows =
        static_cast<Index>(groups_.size()) * grid_.padded_height() * grid_.width() * grid_.window().width;
    const Index along_columns = n_used_ * grid_.n_positions() * grid_.window().height;
    const double once = static_cast<double>(weights_->n_channels() * (along_rows + along_columns));
    return setting.makes_input_gradient() ? 2.0 * once : once;
  }
  /// V_j over points, its channels and units side by side.
  [[nodiscard]] Index width(Index j) const { return weights_->n_channels() * weights_->n_hidden(j); }
  [[nodiscard]] ConstMatrixMap<Scalar> over_points(const Scalar* V, Index j) const {
    return {V + weights_->offset(j), weights_->n_atoms(j) / weights_->n_channels(), width(j)};
  }
  [[nodiscard]] ConstMatrixMap<Scalar> coefficients_of(const Coefficients& made, Index j) const {
    return {made.left[at(j)], weights_->n_atoms(j), weights_->n_hidden(j)};
  }
  /// A column's maps of one image, one in each row.
  [[nodiscard]] Gathered<Scalar> maps(const Scalar* P, Index j) const {
    static constexpr Index kZero[] = {0};
    return {P, begins_[at(j)], kZero, grid_.n_positions()};
  }

  void find_groups(const std::vector<std::array<Index, 2>>& pairs) {
    std::map<Index, std::map<Index, Index>> by_x;  // the atom for each pair of filters
    for (const Column<Scalar>& column : weights_->columns()) {
      for (const Index atom : column.atoms) by_x[pairs[at(atom)][1]][atom] = pairs[at(atom)][0];
    }
    for (const auto& [x, atoms] : by_x) {
      Group group{.x = x, .atoms = {}, .y = {}};
      for (const auto& [atom, y] : atoms) {
        used_[atom] = n_used_;
        group.atoms.push_back(n_used_++);
        group.y.push_back(y);
      }
      groups_.push_back(std::move(group));
    }
  }

  void find_maps() {
    const Index c = weights_->n_channels();
    for (const Column<Scalar>& column : weights_->columns()) {
      std::vector<Index> begins;
      for (const Index atom : column.atoms) {
        for (Index channel = 0; channel < c; ++channel) {
          begins.push_back((used_.at(atom) * c + channel) * grid_.n_positions());
        }
      }
      begins_.push_back(std::move(begins));
    }
  }

  void pool(const Scalar* image, Scalar* P, Buffers& own) const {
    const Index c = weights_->n_channels(), plane = grid_.padded_height() * grid_.padded_width();
    const Index n = grid_.n_positions();
    to_planes(image, own.planes.data());
    own.along_rows.resize(grid_.padded_height() * grid_.width() + filter_overrun<Scalar>());
    const Slide rows{.n_taps = grid_.window().width,
                     .step = 1,
                     .n_rows = grid_.padded_height(),
                     .length = grid_.width(),
                     .in_stride = grid_.padded_width(),
                     .out_stride = grid_.width()};
    const Slide columns{.n_taps = grid_.window().height,
                        .step = grid_.width(),
                        .n_rows = 1,
                        .length = n,
                        .in_stride = 0,
                        .out_stride = 0};
    for (Index channel = 0; channel < c; ++channel) {
      for (const Group& group : groups_) {
        const Filtered<Scalar> from{own.planes.data() + channel * plane, &factors_x_(group.x, 0)};
        correlate<Scalar>({&from, 1}, rows, own.along_rows.data());
        for (std::size_t k = 0; k < group.atoms.size(); ++k) {
          const Filtered<Scalar> filtered{own.along_rows.data(), &factors_y_(group.y[k], 0)};
          correlate<Scalar>({&filtered, 1}, columns, P + (group.atoms[k] * c + channel) * n);
        }
      }
    }
  }

  void reverse_products(const Coefficients& made, const ConstMatrixRef<Scalar>& dZ, Buffers& own) const {
    const Index n = grid_.n_positions();
    if (own.dP.size() == 0) own.dP = Matrix<Scalar>::Zero(n_maps(), n + 2 * margin() + filter_overrun<Scalar>());
    own.dP.middleCols(margin(), n).setZero();
    for (Index j = 0; j < weights_->n_columns(); ++j) {
      own.gradients_t.resize(weights_->n_hidden(j), n);
      own.gradients_t.pack_transposed(0, dZ.middleCols(weights_->first_hidden(j), weights_->n_hidden(j)));
      own.dP_column.resize(weights_->n_atoms(j), n);
      multiply<Scalar>(coefficients_of(made, j), own.gradients_t, own.dP_column);
      for (Index k = 0; k < weights_->n_atoms(j); ++k) {
        own.dP.row(begins_[at(j)][at(k)] / n).segment(margin(), n) += own.dP_column.row(k);
      }
    }
  }

  void reverse_pool(Scalar* d_image, Buffers& own) const {
    const Index c = weights_->n_channels(), plane = grid_.padded_height() * grid_.padded_width();
    const Index height = grid_.padded_height(), area = height * padded_row();
    if (own.d_along_rows.size() == 0) {
      own.d_along_rows = Vector<Scalar>::Zero(static_cast<Index>(groups_.size()) * area + filter_overrun<Scalar>());
    }
    own.d_planes.resize(grid_.padded_size());
    own.d_filtered.resize(height, grid_.width());
    const Slide columns{.n_taps = grid_.window().height,
                        .step = grid_.width(),
                        .n_rows = 1,
                        .length = height * grid_.width(),
                        .in_stride = 0,
                        .out_stride = 0};
    const Slide rows{.n_taps = grid_.window().width,
                     .step = 1,
                     .n_rows = height,
                     .length = grid_.padded_width(),
                     .in_stride = padded_row(),
                     .out_stride = grid_.padded_width()};
    std::vector<Filtered<Scalar>> maps, groups;
    for (Index channel = 0; channel < c; ++channel) {
      groups.clear();
      for (std::size_t g = 0; g < groups_.size(); ++g) {
        const Group& group = groups_[g];
        maps.clear();
        for (std::size_t k = 0; k < group.atoms.size(); ++k) {
          maps.push_back({&own.dP(group.atoms[k] * c + channel, 0), &reversed_y_(group.y[k], 0)});
        }
        Scalar* to = own.d_along_rows.data() + static_cast<Index>(g) * area;
        correlate<Scalar>(maps, columns, own.d_filtered.data());
        MatrixMap<Scalar>(to, height, padded_row()).middleCols(row_margin(), grid_.width()) = own.d_filtered;
        groups.push_back({to, &reversed_x_(group.x, 0)});
      }
      correlate<Scalar>(groups, rows, own.d_planes.data() + channel * plane);
    }
    from_planes(own.d_planes.data(), d_image);
  }

  /// Calls `move(plane index, image index)` for each number of the image.
  template <class Move>
  void for_each_number(const Move& move) const {
    const Shape& image = grid_.image();
    const Index plane = grid_.padded_height() * grid_.padded_width();
    for (Index y = 0; y < image.height; ++y) {
      for (Index x = 0; x < image.width; ++x) {
        const Index point = (y + grid_.window().padding_y) * grid_.padded_width() + x + grid_.window().padding_x;
        const Index from = (y * image.width + x) * image.channels;
        for (Index channel = 0; channel < image.channels; ++channel) move(channel * plane + point, from + channel);
      }
    }
  }
  void to_planes(const Scalar* image, Scalar* planes) const {
    for_each_number([&](Index in_plane, Index in_image) { planes[in_plane] = image[in_image]; });
  }
  void from_planes(const Scalar* planes, Scalar* image) const {
    for_each_number([&](Index in_plane, Index in_image) { image[in_image] = planes[in_plane]; });
  }

  std::shared_ptr<const PredictedWeights<Scalar>> weights_;
  PatchGrid grid_;
  Matrix<Scalar> factors_y_, factors_x_;    // one filter in each row
  Matrix<Scalar> reversed_y_, reversed_x_;  // the same, last tap first
  std::vector<Group> groups_;
  std::map<Index, Index> used_;  // atoms of B in use → their number among these
  Index n_used_ = 0;
  std::vector<std::vector<Index>> begins_;  // for each column, where its maps begin
};

}  // namespace

template <class Scalar>
std::string_view lacks_for_maps(const PredictedWeights<Scalar>& weights, const Window& window) {
  if (!weights.separable()) return "atoms that are outer products of two filters";
  return window.stride_y == 1 && window.stride_x == 1 ? "" : "a stride of 1";
}

template <class Scalar>
std::unique_ptr<const PatchProduct<Scalar>> product_with_maps(std::shared_ptr<const PredictedWeights<Scalar>> weights,
                                                              const PatchGrid& grid) {
  const std::string_view lacking = lacks_for_maps(*weights, grid.window());
  check(lacking.empty(), "order: received pool for a convolution without ", lacking, "; expected auto or predict");
  return std::make_unique<WithMaps<Scalar>>(std::move(weights), grid);
}

template std::string_view lacks_for_maps(const PredictedWeights<float>&, const Window&);
template std::string_view lacks_for_maps(const PredictedWeights<double>&, const Window&);
template std::unique_ptr<const PatchProduct<float>> product_with_maps(std::shared_ptr<const PredictedWeights<float>>,
                                                                      const PatchGrid&);
template std::unique_ptr<const PatchProduct<double>> product_with_maps(std::shared_ptr<const PredictedWeights<double>>,
                                                                       const PatchGrid&);

}  // namespace ppdl
