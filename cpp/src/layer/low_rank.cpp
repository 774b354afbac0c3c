#include <ppdl/layer/low_rank.hpp>

#include <utility>

namespace ppdl {
namespace {

template <class Scalar>
DenseLayer<Scalar> ordinary(Index n_visible, Index n_hidden, bool reverse_input) {
  return {Evaluation<Scalar>(PredictedWeights<Scalar>::identity(n_visible, n_hidden), Plan{}, reverse_input), false,
          reverse_input};
}

/// V_1, …, V_J over atoms that stand side by side: column j takes its own.
template <class Scalar>
DenseLayer<Scalar> side_by_side(const PredictedWeights<Scalar>& weights, bool bias) {
  std::vector<Column<Scalar>> columns;
  for (Index j = 0; j < weights.n_columns(); ++j) {
    Column<Scalar> column{.n_hidden = weights.n_hidden(j), .atoms = {}, .mix = {}};
    for (Index k = 0; k < weights.n_atoms(j); ++k) column.atoms.push_back(weights.first_atom(j) + k);
    columns.push_back(std::move(column));
  }
  auto selecting = std::make_shared<const PredictedWeights<Scalar>>(weights.n_atoms(), std::move(columns), nullptr);
  return {Evaluation<Scalar>(std::move(selecting), Plan{}), bias, true};
}

/// Two layers, one after the other.
template <class Scalar>
class TwoInferences final : public Inference<Scalar> {
 public:
  TwoInferences(std::unique_ptr<Inference<Scalar>> first, std::unique_ptr<Inference<Scalar>> second)
      : first_(std::move(first)), second_(std::move(second)) {}
  [[nodiscard]] Index n_outputs() const override { return second_->n_outputs(); }
  void forward(const ConstMatrixRef<Scalar>& input, MatrixRef<Scalar> output) const override {
    Matrix<Scalar> between(input.rows(), first_->n_outputs());
    first_->forward(input, between);
    second_->forward(between, output);
  }

 private:
  std::unique_ptr<Inference<Scalar>> first_, second_;
};

}  // namespace

template <class Scalar>
struct LowRankLayer<Scalar>::Work final : Scratch {
  static Work& in(Scratch* scratch) { return *static_cast<Work*>(scratch); }
  std::unique_ptr<Scratch> atoms, units;
  Matrix<Scalar> P, dP;  ///< (rows, n_atoms)  XU
};

template <class Scalar>
LowRankLayer<Scalar>::LowRankLayer(const PredictedWeights<Scalar>& weights, bool bias, const LayerContext& context)
    : atoms_(ordinary<Scalar>(weights.n_visible(), weights.n_atoms(), context.setting.reverse_input)),
      units_(side_by_side(weights, bias)),
      reverse_input_(context.setting.reverse_input) {}

template <class Scalar>
std::vector<WeightBlock<Scalar>> LowRankLayer<Scalar>::weights() const {
  return {atoms_.weights()[0], {atoms_.n_parameters(), units_.weights()[0].weights}};
}

template <class Scalar>
std::optional<LayerDescription> LowRankLayer<Scalar>::describe(Index batch) const {
  const LayerDescription first = *atoms_.describe(batch);
  LayerDescription all = *units_.describe(batch);
  all.n_visible = first.n_visible;
  all.n_dynamic += first.n_dynamic;
  all.order = Order::pool;
  all.identity = false;
  all.multiply_adds += first.multiply_adds;
  all.dense_multiply_adds =
      ppdl::dense_multiply_adds(all.n_visible, all.n_hidden, {.batch = 1, .reverse_input = reverse_input_});
  all.bias_offset += first.n_dynamic;
  return all;
}

template <class Scalar>
double LowRankLayer<Scalar>::multiply_adds(Index batch) const {
  return atoms_.multiply_adds(batch) + units_.multiply_adds(batch);
}

template <class Scalar>
std::unique_ptr<Scratch> LowRankLayer<Scalar>::scratch(Index rows, Index block, bool training,
                                                       bool reverse_input) const {
  auto work = std::make_unique<Work>();
  work->atoms = atoms_.scratch(rows, block, training, reverse_input);
  work->units = units_.scratch(rows, block, training, true);
  work->P.resize(rows, atoms_.n_outputs());
  if (training) work->dP.resize(rows, atoms_.n_outputs());
  return work;
}

template <class Scalar>
std::unique_ptr<Inference<Scalar>> LowRankLayer<Scalar>::inference(const Scalar* theta) const {
  return std::make_unique<TwoInferences<Scalar>>(atoms_.inference(theta),
                                                 units_.inference(theta + atoms_.n_parameters()));
}

template <class Scalar>
void LowRankLayer<Scalar>::prepare(Index task, const Scalar* theta, Scratch* scratch) const {
  Work& work = Work::in(scratch);
  const Index n = atoms_.n_prepare_tasks();
  if (task < n) return atoms_.prepare(task, theta, work.atoms.get());
  units_.prepare(task - n, theta + atoms_.n_parameters(), work.units.get());
}

template <class Scalar>
void LowRankLayer<Scalar>::forward(const Pass& pass, Index row, Index first, const Scalar* theta,
                                   const ConstMatrixRef<Scalar>& input, MatrixRef<Scalar> output,
                                   Scratch* scratch) const {
  Work& work = Work::in(scratch);
  auto P = work.P.middleRows(first, input.rows());
  atoms_.forward(pass, row, first, theta, input, P, work.atoms.get());
  units_.forward(pass, row, first, theta + atoms_.n_parameters(), P, output, work.units.get());
}

template <class Scalar>
void LowRankLayer<Scalar>::reverse(const Pass& pass, Index row, Index first, const ConstMatrixRef<Scalar>& output,
                                   const ConstMatrixRef<Scalar>& d_output, MatrixRef<Scalar>* d_input,
                                   Scratch* scratch) const {
  Work& work = Work::in(scratch);
  const ConstMatrixRef<Scalar> P = work.P.middleRows(first, d_output.rows());
  MatrixRef<Scalar> dP = work.dP.middleRows(first, d_output.rows());
  units_.reverse(pass, row, first, output, d_output, &dP, work.units.get());
  atoms_.reverse(pass, row, first, P, dP, d_input, work.atoms.get());
}

template <class Scalar>
void LowRankLayer<Scalar>::gradient(Index task, const ConstMatrixRef<Scalar>& input,
                                    const ConstMatrixRef<Scalar>& d_output, Scalar* d_theta, Into into,
                                    Scratch* scratch) const {
  Work& work = Work::in(scratch);
  const Index n = atoms_.n_gradient_tasks(), rows = input.rows();
  if (task < n) return atoms_.gradient(task, input, work.dP.topRows(rows), d_theta, into, work.atoms.get());
  units_.gradient(task - n, work.P.topRows(rows), d_output, d_theta + atoms_.n_parameters(), into, work.units.get());
}

template class LowRankLayer<float>;
template class LowRankLayer<double>;

}  // namespace ppdl
