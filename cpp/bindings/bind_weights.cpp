#include "bind.hpp"

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>
#include <ppdl/weights/evaluation.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace ppdl::bindings {
namespace {

template <class Scalar>
using ColumnTuple = std::tuple<Index, std::optional<Vector<Index>>, std::optional<Matrix<Scalar>>>;

/// Factors of the base's atoms down and across, and the pair of each atom.
template <class Scalar>
using FactorTuple = std::tuple<Matrix<Scalar>, Matrix<Scalar>, std::vector<std::array<Index, 2>>>;

template <class Scalar>
Separable<Scalar> separable(FactorTuple<Scalar> factors) {
  auto& [y, x, pairs] = factors;
  return {.factors_y = std::move(y), .factors_x = std::move(x), .pairs = std::move(pairs)};
}

template <class Scalar>
std::shared_ptr<const PredictedWeights<Scalar>> make_weights(Index n_visible, std::vector<ColumnTuple<Scalar>> columns,
                                                             std::optional<Matrix<Scalar>> base,
                                                             Structure<Scalar> structure) {
  std::shared_ptr<const Matrix<Scalar>> shared;
  if (base) shared = std::make_shared<const Matrix<Scalar>>(std::move(*base));
  std::vector<Column<Scalar>> made;
  for (auto& [n_hidden, atoms, mix] : columns) {
    Column<Scalar> column{.n_hidden = n_hidden, .atoms = {}, .mix = {}};
    if (atoms) {
      column.atoms.assign(atoms->data(), atoms->data() + atoms->size());
    } else {
      column.atoms.resize(
          static_cast<std::size_t>(shared ? shared->cols() : n_visible / std::max<Index>(structure.n_channels, 1)));
      std::iota(column.atoms.begin(), column.atoms.end(), Index{0});
    }
    if (mix) column.mix = std::move(*mix);
    made.push_back(std::move(column));
  }
  return std::make_shared<const PredictedWeights<Scalar>>(n_visible, std::move(made), std::move(shared),
                                                          std::move(structure));
}

template <class Scalar>
Evaluation<Scalar> evaluation(const std::shared_ptr<const PredictedWeights<Scalar>>& weights, const std::string& order,
                              Index batch) {
  if (order == "shared") return {weights, Plan{Order::shared}};
  if (order == "pool") return {weights, Plan{weights->selects() ? Order::shared : Order::pool}};
  return {weights, cheapest_plan(*weights, order_choice_from_string(order), {.batch = std::max<Index>(batch, 1)})};
}

/// A layer of one product as a small program of its own: prepare, forward, and the reverse where dZ is given.
template <class Scalar>
struct Program {
  Evaluation<Scalar> product;
  typename Evaluation<Scalar>::Scratch scratch;
  int n_threads;

  Program(const std::shared_ptr<const PredictedWeights<Scalar>>& weights, const ConstMatrixRef<Scalar>& X,
          const ConstVectorRef<Scalar>& V, const std::string& order, int n_threads, bool training)
      : product(evaluation<Scalar>(weights, order, X.rows())),
        scratch(product.scratch(X.rows(), training, true)),
        n_threads(n_threads) {
    check_size("columns of X", X.cols(), weights->n_visible(), "n_visible");
    check_size("size of V", V.size(), weights->n_dynamic(), "the dynamic parameters of these weights");
  }

  template <class Body>
  void for_rows(Index rows, const Body& body) {
    const Blocks blocks(rows, 64);
    parallel_for(blocks.count(), n_threads, [&](Index b) { body(blocks.begin(b), blocks.length(b)); });
  }

  Matrix<Scalar> forward(const ConstMatrixRef<Scalar>& X, const ConstVectorRef<Scalar>& V) {
    parallel_for(product.n_prepare_tasks(), n_threads, [&](Index task) { product.prepare(task, V.data(), scratch); });
    Matrix<Scalar> Z(X.rows(), product.weights().n_hidden());
    for_rows(X.rows(), [&](Index first, Index count) {
      product.forward(first, X.middleRows(first, count), Z.middleRows(first, count), scratch);
    });
    return Z;
  }

  std::pair<Vector<Scalar>, Matrix<Scalar>> reverse(const ConstMatrixRef<Scalar>& X, const ConstMatrixRef<Scalar>& dZ,
                                                    const ConstVectorRef<Scalar>& V) {
    check_size("rows of dZ", dZ.rows(), X.rows(), "rows of X");
    check_size("columns of dZ", dZ.cols(), product.weights().n_hidden(), "n_hidden");
    forward(X, V);
    Matrix<Scalar> dX(X.rows(), X.cols());
    Vector<Scalar> dV(V.size());
    for_rows(X.rows(), [&](Index first, Index count) {
      MatrixRef<Scalar> dX_block = dX.middleRows(first, count);
      product.reverse(first, dZ.middleRows(first, count), &dX_block, scratch);
    });
    parallel_for(product.n_gradient_tasks(), n_threads,
                 [&](Index task) { product.gradient(task, X, dV.data(), Into::overwrite, scratch); });
    parallel_for(product.n_finish_tasks(), n_threads, [&](Index task) { product.finish(task, dV.data(), scratch); });
    return {std::move(dV), std::move(dX)};
  }
};

}  // namespace

template <class Scalar>
void bind_weights(py::module_& m) {
  using Weights = PredictedWeights<Scalar>;
  using Shared = std::shared_ptr<const Weights>;
  py::class_<Weights, std::shared_ptr<Weights>>(
      m, "PredictedWeights", "W = [U_1 V_1 … U_J V_J], U_j = (base[:, atoms_j] mix_j) ⊗ I fixed, V_j learned.")
      .def(py::init([](Index n_visible, std::vector<ColumnTuple<Scalar>> columns, std::optional<Matrix<Scalar>> base,
                       bool learned, Index n_channels, std::optional<FactorTuple<Scalar>> factors) {
             Structure<Scalar> structure{.learned = learned, .n_channels = n_channels};
             if (factors) structure.separable = separable<Scalar>(std::move(*factors));
             return std::const_pointer_cast<Weights>(
                 make_weights<Scalar>(n_visible, std::move(columns), std::move(base), std::move(structure)));
           }),
           "n_visible"_a, "columns"_a, "base"_a.noconvert() = py::none(), py::kw_only(), "learned"_a = false,
           "n_channels"_a = 1, "factors"_a = py::none(),
           "columns: a list of (n_hidden, atoms or None for all, mix or None for the identity), over the points, with "
           "U_j = S_j ⊗ I where there are channels. factors: (down, across, pair of each of the base's atoms).")
      .def_property_readonly("n_visible", &Weights::n_visible, "Rows of W.")
      .def_property_readonly(
          "n_hidden", [](const Weights& w) { return w.n_hidden(); }, "Columns of W.")
      .def_property_readonly("n_channels", &Weights::n_channels, "Channels that U is the same in.")
      .def_property_readonly("n_columns", &Weights::n_columns, "J.")
      .def_property_readonly(
          "n_atoms", [](const Weights& w) { return w.n_atoms(); }, "Atoms of all columns.")
      .def_property_readonly("n_dynamic", &Weights::n_dynamic, "Size of V.")
      .def_property_readonly("n_static", &Weights::n_static, "Numbers of U that are fixed.")
      .def_property_readonly("is_identity", &Weights::is_identity, "Whether W = V.")
      .def_property_readonly("learned", &Weights::learned, "Whether U is learned too.")
      .def("materialise", py::overload_cast<const ConstVectorRef<Scalar>&>(&Weights::materialise, py::const_),
           "V"_a.noconvert(), computes(), "W, shape (n_visible, n_hidden).")
      .def("project", &Weights::project, "dW"_a.noconvert(), "V"_a.noconvert(), computes(), "dV from dW.")
      .def("fit", &Weights::fit, "W"_a.noconvert(), computes(), "V whose UV is nearest to W by least squares.")
      .def(
          "dictionary", [](const Weights& w, std::optional<Index> j) { return j ? w.dictionary(*j) : w.dictionary(); },
          "j"_a = py::none(), "U_j, or [U_1 … U_J].")
      .def_property_readonly_static(
          "n_dictionaries_formed", [](const py::object&) { return Weights::n_dictionaries_formed(); },
          "How often the dictionaries over the points were formed, by all weights of this precision.")
      .def(
          "apply",
          [](const Weights& w, const ConstMatrixRef<Scalar>& X, const ConstVectorRef<Scalar>& V,
             const std::string& order, std::optional<int> n_threads) {
            const Shared view(&w, [](const Weights*) {});
            return Program<Scalar>(view, X, V, order, threads(n_threads), false).forward(X, V);
          },
          "X"_a.noconvert(), "V"_a.noconvert(), "order"_a = "auto", "n_threads"_a = py::none(), computes(), "XW.")
      .def(
          "reverse",
          [](const Weights& w, const ConstMatrixRef<Scalar>& X, const ConstMatrixRef<Scalar>& dZ,
             const ConstVectorRef<Scalar>& V, const std::string& order, std::optional<int> n_threads) {
            const Shared view(&w, [](const Weights*) {});
            return Program<Scalar>(view, X, V, order, threads(n_threads), true).reverse(X, dZ, V);
          },
          "X"_a.noconvert(), "dZ"_a.noconvert(), "V"_a.noconvert(), "order"_a = "auto", "n_threads"_a = py::none(),
          computes(), "(dV, dX) from dZ.");
}

template void bind_weights<float>(py::module_&);
template void bind_weights<double>(py::module_&);

}  // namespace ppdl::bindings
