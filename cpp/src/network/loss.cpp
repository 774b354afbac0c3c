#include <ppdl/network/loss.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/transform.hpp>

#include <cmath>

namespace ppdl {
namespace {

double softplus(double z) { return std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))); }
double xlogy(double x, double y) { return x == 0.0 ? 0.0 : x * std::log(y); }

/// z becomes exp(z − largest); returns the sum, which is added up in order.
template <class Scalar>
Scalar exponentiate(MatrixRef<Scalar> z, Scalar largest) {
  transform<Scalar>(z, [largest](const auto& part) { return (part - largest).exp(); });
  Scalar sum(0);
  for (Index k = 0; k < z.size(); ++k) sum += z(0, k);
  return sum;
}

}  // namespace

Loss loss_from_string(std::string_view name) {
  if (name == "softmax") return Loss::softmax;
  if (name == "binary") return Loss::binary;
  if (name == "squared") return Loss::squared;
  if (name == "poisson") return Loss::poisson;
  throw_invalid("loss: received '", name, "'; expected softmax, binary, squared or poisson");
}

template <class Scalar>
void apply_link(Loss loss, MatrixRef<Scalar> Z) {
  switch (loss) {
    case Loss::softmax:
      for (Index i = 0; i < Z.rows(); ++i) {
        const Scalar total = exponentiate<Scalar>(Z.row(i), Z.row(i).maxCoeff());
        Z.row(i) /= total;
      }
      break;
    case Loss::binary:
      transform<Scalar>(Z, [](const auto& z) { return z.logistic(); });
      break;
    case Loss::squared:
      break;
    case Loss::poisson:
      transform<Scalar>(Z, [](const auto& z) { return z.exp(); });
      break;
  }
}

template <class Scalar>
double loss_and_gradient(Loss loss, const Samples<Scalar>& samples, const Rows& rows, Index first,
                         MatrixRef<Scalar> Z) {
  double sum = 0.0;
  for (Index i = 0; i < Z.rows(); ++i) {
    const Index row = rows[first + i];
    const double weight = static_cast<double>(samples.weight(row));
    auto z = Z.row(i).array();
    double value = 0.0;
    if (loss == Loss::softmax) {
      const Index label = samples.labels[row];
      const Scalar largest = z.maxCoeff();
      const Scalar at_label = z(label);
      const Scalar total = exponentiate<Scalar>(Z.row(i), largest);
      value = std::log(static_cast<double>(total)) - static_cast<double>(at_label - largest);
      z /= total;
      z(label) -= Scalar(1);
    } else {
      const auto y = samples.targets->row(row).array();
      for (Index k = 0; k < z.size(); ++k) {
        const double zk = static_cast<double>(z(k)), yk = static_cast<double>(y(k));
        if (loss == Loss::binary) {
          value += softplus(zk) - yk * zk;  // −y log p − (1 − y) log(1 − p)
        } else if (loss == Loss::squared) {
          value += 0.5 * (zk - yk) * (zk - yk);
        } else {
          value += xlogy(yk, yk) - yk * zk - yk + std::exp(zk);
        }
      }
      apply_link<Scalar>(loss, Z.row(i));
      z -= y;
    }
    sum += weight * value;
    z *= static_cast<Scalar>(weight);
  }
  return sum;
}

template void apply_link<float>(Loss, MatrixRef<float>);
template void apply_link<double>(Loss, MatrixRef<double>);
template double loss_and_gradient<float>(Loss, const Samples<float>&, const Rows&, Index, MatrixRef<float>);
template double loss_and_gradient<double>(Loss, const Samples<double>&, const Rows&, Index, MatrixRef<double>);

}  // namespace ppdl
