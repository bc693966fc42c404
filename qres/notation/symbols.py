r"""The symbols of the project: one name, one letter, one meaning.

`symbol("kappa_eff")` is the sympy symbol that every formula uses; `describe("kappa_eff")` says
what it means. A name that is not in the table is refused, so no formula can invent one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import sympy

from qres.errors import QresError


@dataclass(frozen=True)
class SymbolInfo:
    """What a symbol means.

    Args:
        name: as in code.
        latex: the letter, without dollars.
        meaning: a short phrase.
        unit: "1" where dimensionless.
        is_integer: whole numbers only.
        is_sequence: an array of numbers.
        is_matrix: a sequence that may also be a square matrix; a list is its diagonal.
    """

    name: str
    latex: str
    meaning: str
    unit: str = "1"
    is_integer: bool = False
    is_sequence: bool = False
    is_matrix: bool = False


def _count(name: str, latex: str, meaning: str, unit: str = "1") -> SymbolInfo:
    return SymbolInfo(name, latex, meaning, unit, is_integer=True)


_TABLE = (
    # the model
    _count("n_params", r"n_\theta", "parameters of the network"),
    _count("n_active", "r", "unpruned parameters, what is read out"),
    _count("n_samples", "n_s", "training samples in one gradient"),
    _count("n_steps", "T", "training steps"),
    _count("dim", "d", "dimension of the real vector that is read out, or of the matrix"),
    _count("degree", "q", "degree of the polynomial gradient"),
    SymbolInfo("learning_rate", r"\eta", "learning rate"),
    SymbolInfo("lambda_max", r"\lambda_{\max}", "largest Hessian eigenvalue"),
    SymbolInfo("lambda_min", r"\lambda_{\min}", "smallest Hessian eigenvalue"),
    SymbolInfo("grad_norm", r"\lVert F_0\rVert", "norm of the gradient at the initial weights"),
    SymbolInfo("largest_grad_norm", r"\max_b\lVert F_0^b\rVert", "largest grad_norm of a batch"),
    SymbolInfo("final_grad_norm", "g_T", "norm of the gradient at the last weights of descent"),
    SymbolInfo("final_distance", r"\lVert\theta_T-\theta_0\rVert", "distance that descent covers"),
    SymbolInfo("hessian_norm", "h", "largest absolute Hessian eigenvalue"),
    SymbolInfo("loss_error", "E", "absolute error of the loss"),
    SymbolInfo(
        "max_entry", r"\lVert A\rVert_{\max}", "largest absolute entry of the matrix or Hessian"
    ),
    SymbolInfo("frobenius_norm", r"\lVert A\rVert_F", "Frobenius norm of the matrix or Hessian"),
    _count("sparsity", "s", "most non-zeros in a row of A and its transpose together"),
    _count("row_sparsity", "s_r", "most non-zeros in a row of A"),
    _count("column_sparsity", "s_c", "most non-zeros in a column of A"),
    SymbolInfo("smallest_singular_value", r"\sigma_{\min}", "smallest singular value"),
    SymbolInfo("solution_overlap", r"\Omega", "norm(x) / (norm(A^-1) norm(b))"),
    SymbolInfo("update_norm", r"\lVert u_T\rVert", "norm of the weight update after T steps"),
    SymbolInfo("path_energy", r"\Sigma_u", "sum over t < T of the squared norm of u_t"),
    SymbolInfo("history_norm", r"\lVert x\rVert", "norm of the solution of the history system"),
    # the lift and the history matrix
    SymbolInfo("growth", "g", "max |1 - learning_rate lambda| over the spectrum"),
    SymbolInfo("growth_sum", "S_T", "sum over t = 0..T of the norm of the t-step propagator"),
    _count("truncation_order", "N", "Carleman truncation order"),
    _count("map_order", "m", "most non-identity factors kept per step"),
    _count("segments", "K", "segments, the weights being read out after each"),
    _count("segment_steps", "T_s", "steps of one segment"),
    SymbolInfo("stretch", "W", "error of the result over that of each segment"),
    SymbolInfo("readout_stretch", "W_o", "the same for read-outs, split over the segments"),
    _count("padding", "p", "idle rows after the last step"),
    SymbolInfo("alphas", r"\alpha_{F}", "rescaled alpha of F_k, k = 0 first", is_sequence=True),
    SymbolInfo("z", "z", "squared rescaled norms of u_t, t = 0..T", is_sequence=True),
    SymbolInfo("z_read", r"z_{\mathrm{read}}", "squared rescaled norm of what is read at T"),
    SymbolInfo("read_energy", "A", "smallest squared norm that block 1 can have at T"),
    SymbolInfo("other_energy", "B", "largest squared norm of everything that is not read"),
    SymbolInfo(
        "m_hat", r"\hat m", "bounds on the blocks of one step", is_sequence=True, is_matrix=True
    ),
    SymbolInfo(
        "phi", r"\varphi", "coefficients of the scalar majorant, k = 0 first", is_sequence=True
    ),
    SymbolInfo("x0", "x_0", "norm of u_0, start of the scalar majorant"),
    SymbolInfo("tolerance", r"\epsilon_N", "largest truncation error that is accepted"),
    _count("max_steps", r"T_{\max}", "most steps that are asked for"),
    SymbolInfo("finite_horizon_ratio", "r_T", "nonlinearity over dissipation within T steps"),
    SymbolInfo(
        "segment_weights", "w", "weights of the segments' read-out errors", is_sequence=True
    ),
    SymbolInfo("eigenvalues", r"\lambda", "Hessian eigenvalues", is_sequence=True),
    SymbolInfo("momentum", r"\beta", "momentum, 0 for plain descent"),
    _count("n_batches", "n_b", "distinct batches, taken in a fixed order"),
    _count("batch_bits", r"\beta_b", "qubits of the batch index"),
    _count("step_bits", r"\tau_T", "qubits that count the steps of the right-hand side"),
    SymbolInfo("velocity_scale", r"\sigma", "factor of the velocity inside the lifted state"),
    SymbolInfo("alpha_matrix", r"\alpha_{F_1}", "normalisation of the encoded matrix"),
    SymbolInfo("alpha_map", r"\alpha_M", "normalisation of one encoded step"),
    SymbolInfo("alpha", r"\alpha_L", "block-encoding normalisation of the linear system"),
    SymbolInfo("inverse_norm", r"\lVert L^{-1}\rVert", "norm of the inverse"),
    SymbolInfo("kappa", r"\kappa", "condition number"),
    SymbolInfo(
        "kappa_eff",
        r"\kappa_{\mathrm{eff}}",
        "condition number as the solver sees it, alpha norm(A^-1)",
    ),
    SymbolInfo("kappa_encoded", r"\kappa'", "condition number of the matrix as encoded, at most"),
    SymbolInfo("source_norm", r"\lVert b\rVert", "norm of the right-hand side"),
    SymbolInfo("xi", r"\xi", "norm(L^-1) norm(b) / norm(x)"),
    SymbolInfo("success_prob", "P", "probability of finding the wanted block"),
    SymbolInfo("flag_prob", r"p_{\mathrm{run}}", "probability that one solver run flags success"),
    # error and failure
    SymbolInfo("epsilon", r"\epsilon", "precision"),
    SymbolInfo("fail_prob", r"\delta", "failure probability"),
    SymbolInfo("share_encoding", "E_e", "share of the error that encoding may fill"),
    SymbolInfo("share_solver", "E_s", "share of the error that the solver may fill"),
    SymbolInfo("share_rotation", "E_r", "share of the error that synthesis may fill"),
    SymbolInfo("share_readout", "E_o", "share of the error that read-out may fill"),
    SymbolInfo("eps_solver", r"\epsilon_s", "error of the solver's state"),
    SymbolInfo("eps_rotation", r"\epsilon_r", "synthesis error of one solver run"),
    SymbolInfo("eps_gate", r"\epsilon_g", "synthesis error of one rotation"),
    SymbolInfo("eps_matrix", r"\epsilon_L", "absolute error of the encoded matrix"),
    SymbolInfo("eps_rhs", r"\epsilon_b", "error of the encoded right-hand side"),
    SymbolInfo("eps_tomography", r"\epsilon_t", "relative l2 error of the direction"),
    SymbolInfo("eps_norm", r"\epsilon_n", "relative error of each probability of the norm"),
    SymbolInfo("eps_observable", r"\epsilon_o", "error of the observable but for its norm"),
    SymbolInfo("eps_reference", r"\epsilon_w", "error of the state of the weights w"),
    SymbolInfo("eps_amplitude", r"\epsilon_A", "error of the amplitude that holds the observable"),
    SymbolInfo("observable_error", r"\eta_O", "absolute error of the observable"),
    SymbolInfo("error_abs", r"\eta_{\mathrm{abs}}", "absolute error of the observable"),
    SymbolInfo("weight_norm", r"\lVert w\rVert", "norm of the weights w of a linear observable"),
    SymbolInfo("operator_alpha", r"\alpha_O", "normalisation of the operator of an observable"),
    SymbolInfo("rescaling", r"\gamma", "scale of the lifted variables"),
    SymbolInfo("t3_frobenius", r"\lVert T_3\rVert_F", "Frobenius norm of the third derivative"),
    SymbolInfo("t3_max_entry", r"\lVert T_3\rVert_{\max}", "largest entry of the third derivative"),
    _count("t3_sparsity", "s_2", "non-zeros of the third derivative in a row"),
    _count("t3_slot_bits", r"\ell_2", "qubits of the slot in a row of the third derivative"),
    SymbolInfo("t4_frobenius", r"\lVert T_4\rVert_F", "Frobenius norm of the fourth derivative"),
    SymbolInfo(
        "t4_max_entry", r"\lVert T_4\rVert_{\max}", "largest entry of the fourth derivative"
    ),
    _count("t4_sparsity", "s_3", "non-zeros of the fourth derivative in a row"),
    _count("t4_slot_bits", r"\ell_3", "qubits of the slot in a row of the fourth derivative"),
    SymbolInfo("alpha_forcing", r"\alpha_{F_0}", "normalisation of the encoded gradient"),
    SymbolInfo("alpha_quadratic", r"\alpha_{F_2}", "normalisation of the encoded F_2 = -T_3/2"),
    SymbolInfo("alpha_cubic", r"\alpha_{F_3}", "normalisation of the encoded F_3 = -T_4/6"),
    SymbolInfo("factor_norm", "a", "weight of one factor of the lift"),
    SymbolInfo(
        "functional_norm", r"\lVert W\rVert", "norm of the loss as a row on the lifted vector"
    ),
    SymbolInfo("fail_tomography", r"\delta_t", "failure probability of tomography"),
    SymbolInfo("fail_norm", r"\delta_n", "failure probability of the norm"),
    SymbolInfo("fail_observable", r"\delta_o", "failure probability of the observable"),
    SymbolInfo("fail_amplification", r"\delta_a", "failure probability of all amplifications"),
    SymbolInfo("fail_state", r"\delta_1", "failure probability of one amplified state"),
    SymbolInfo("fail_shot", r"\delta_c", "probability of a logical fault in one shot"),
    SymbolInfo("fail_run", r"\delta_r", "failure probability left to the hardware but for shots"),
    SymbolInfo("fail_synthesis", r"\delta_s", "failure probability left to rotation synthesis"),
    SymbolInfo("fail_logical", r"\delta_\ell", "failure probability left to the hardware"),
    # queries and repetitions
    _count("matrix_queries", "Q_A", "uses of the encoded matrix in one run"),
    _count("state_queries", "Q_b", "uses of the encoded right-hand side in one run"),
    _count("rounds", "k", "amplification rounds"),
    _count("invocations", "I", "uses of the amplified circuit or its inverse"),
    _count("copies", "c", "states prepared for the read-out, per circuit family"),
    _count("total_runs", r"N_\Sigma", "runs of all plain states, those that fail included"),
    _count("total_matrix_queries", r"Q_A^{\Sigma}", "matrix queries of the plain states together"),
    _count("total_state_queries", r"Q_b^{\Sigma}", "right-hand-side queries of the plain states"),
    _count("norm_rounds", "M", "Grover iterations of one amplitude estimate"),
    _count("norm_repeats", "R", "amplitude estimates of one probability, odd"),
    _count("plain_magic", "G_c", "Toffoli and T gates of all plain states"),
    _count("sign_magic", r"G_\pm", "Toffoli and T gates of all sign circuits"),
    _count("norm_magic", "G_n", "Toffoli and T gates of the norm"),
    _count("observable_rounds", "M_O", "Grover iterations of one estimate of the observable"),
    _count("observable_repeats", "R_O", "estimates of the observable, odd"),
    _count("operator_toffoli", "C_O", "Toffoli gates of one controlled use of the operator"),
    _count("functional_bits", "b_w", "bits of a loaded angle of the weights w"),
    _count("functional_levels", "n_w", "qubits of the index of the weights w"),
    _count("synthesis_t", "c_R", "T gates that synthesise one rotation"),
    SymbolInfo("norm_prob", r"P_n", "probability that the norm stage estimates"),
    _count("walk_steps", "T_w", "steps of the adiabatic walk in one run, even"),
    _count("filter_length", "L", "length of the Chebyshev filter in one run, odd"),
    _count("guess_bits", r"n_{\mathrm{g}}", "qubits that hold guesses of the norm"),
    SymbolInfo("constant", r"\alpha_w", "constant of the adiabatic walk"),
    SymbolInfo("retry_power", "k_r", "power of the retry factor"),
    SymbolInfo(
        "adiabatic_error", r"\Delta", "error of the adiabatic evolution that the filter removes"
    ),
    # registers and tables
    _count("index_bits", "n", "qubits of the parameter index"),
    _count("time_bits", r"\tau", "qubits of the time index"),
    _count("given_rotations", "n_R", "rotations that are given"),
    _count("given_t", "n_T", "T gates that are given"),
    _count("slots", "s'", "entries per row, padded to a power of two"),
    _count("is_full", r"[s = d]", "1 where every row is full"),
    _count("slot_bits", r"\ell", "qubits of the slot"),
    _count("row_slot_bits", r"\ell_r", "qubits of the slot in a row"),
    _count("column_slot_bits", r"\ell_c", "qubits of the slot in a column"),
    _count("query_toffoli", "C_A", "Toffoli gates of one use of the encoded matrix"),
    _count("rhs_toffoli", "C_b", "Toffoli gates of one use of the encoded right-hand side"),
    _count("run_rotations", "N_{R,1}", "rotations of one solver run"),
    _count("held_qubits", "q_0", "qubits held through a whole run"),
    _count("index_width", r"n_\tau", "qubits of all index registers"),
    _count("matrix_bits", "b_A", "bits of a loaded matrix angle"),
    _count("rhs_bits", "b_b", "bits of a loaded right-hand-side angle"),
    _count("entries", "M", "entries of the table"),
    _count("bitsize", "b", "bits of one entry"),
    _count("block_limit", r"k_{\max}", "largest block exponent, 0 for plain QROM"),
    _count("block", "K", "entries loaded side by side, a power of two"),
    _count("controls", "c", "control qubits"),
    _count("rows", "w", "rows of the tree, each with its own angles"),
    _count("levels", "n", "levels of the tree"),
    _count("bits", "b", "bits of one angle"),
    _count("states", "L", "states in a uniform superposition"),
    _count("n_diagonals", "D", "diagonals of a matrix that hold an entry"),
    SymbolInfo("diagonal_sum", r"\Sigma_a", "sum of the absolute values of the diagonals"),
    _count("shift_bits", r"k_{\Sigma}", "bits of all in-place additions that shift an index"),
    _count("n_cuts", "n_k", "different lengths at which diagonals are cut"),
    _count("n_outputs", "C", "outputs of the network for one sample"),
    _count("gram_rows", "R_J", "rows of the Jacobian, samples times outputs"),
    _count("sample_bits", "m_s", "qubits of the index of samples and outputs"),
    SymbolInfo("jacobian_frobenius", r"\lVert J\rVert_F", "Frobenius norm of the Jacobian"),
    SymbolInfo("output_hessian_norm", r"\lVert Q\rVert", "largest norm of an output Hessian"),
    SymbolInfo("gram_dropped_norm", r"\lVert E_J\rVert", "norm of the Hessian less its Gram part"),
    SymbolInfo("dropped_norm", r"\lVert E\rVert", "norm of what is dropped from a matrix"),
    SymbolInfo("update_norms", r"\lVert u\rVert", "norms of u_t, t = 0..T", is_sequence=True),
    SymbolInfo("perturbation", r"\rho", "norm(A^-1) norm(E) of a dropped part E"),
    # classical work
    SymbolInfo(
        "hvp_gradients", r"c_{\mathrm{hvp}}", "gradients that one Hessian-vector product costs"
    ),
    SymbolInfo("qvp_gradients", r"c_{\mathrm{qvp}}", "gradients that one fourth derivative costs"),
    SymbolInfo("tvp_gradients", r"c_{\mathrm{tvp}}", "gradients that one third derivative costs"),
    # Newton steps
    SymbolInfo("lambda_reg", r"\lambda_{\mathrm{reg}}", "what damping adds to the diagonal"),
    SymbolInfo("relative_damping", r"\epsilon_\lambda", "lambda_reg in units of the largest entry"),
    SymbolInfo("log_det", r"\ln\lvert\det A\rvert", "logarithm of the determinant, absolute"),
    SymbolInfo(
        "log_volume", r"\upsilon", "dim ln(norm_F(A) / sqrt(dim)) less the logarithm of abs(det A)"
    ),
    SymbolInfo("trace", r"\mathrm{tr}\,A", "sum of the diagonal"),
    SymbolInfo("solution_norm", r"\lVert A^{-1}b\rVert", "norm of the solution"),
    _count("factor_rows", "B", "rows of G where the matrix is G^T G and damping"),
    SymbolInfo("gate_time_s", r"t_{\mathrm{gate}}", "time of one logical gate", "s"),
    SymbolInfo("classical_s", r"t_{\mathrm{c}}", "time that the classical route takes", "s"),
    _count("serial_toffoli", r"N_{\mathrm{ser}}", "Toffoli gates one after the other"),
    # logical totals
    _count("toffoli", r"N_{\mathrm{Tof}}", "Toffoli gates"),
    _count("t", "N_T", "T gates"),
    _count("rotations", "N_R", "rotations"),
    _count("rotation_depth", "D_R", "layers of rotations"),
    _count("measurements", r"N_{\mathrm{meas}}", "logical measurements"),
    _count("logical_qubits", "Q", "logical qubits"),
    # machines
    SymbolInfo("physical_error", "p", "physical error rate per gate"),
    SymbolInfo("t_error", "p_T", "error rate of an injected T state"),
    SymbolInfo("threshold", "p^*", "error-correction threshold"),
    SymbolInfo("prefactor", "a", "prefactor of the logical error rate"),
    _count("distance", "d", "code distance"),
    SymbolInfo("budget", r"\delta_{\mathrm{cell}}", "logical error allowed per tile and cycle"),
    _count("distance_1", "d_1", "code distance of the first level"),
    _count("distance_2", "d_2", "code distance of the second level"),
    _count("distance_x", "d_X", "X distance of a factory"),
    _count("distance_z", "d_Z", "Z distance of a factory"),
    _count("distance_m", "d_m", "temporal distance of a factory"),
    SymbolInfo("input_error", r"\varepsilon_{\mathrm{in}}", "error of a magic state that goes in"),
    SymbolInfo("fault", "f", "probability that one input of a distillation level is faulty"),
    SymbolInfo("check_error", "s", "probability that a check patch decays during distillation"),
    SymbolInfo("logical_error_x", "p_X", "logical error per tile and cycle at distance d_X"),
    SymbolInfo("logical_error_z", "p_Z", "logical error per tile and cycle at distance d_Z"),
    SymbolInfo("logical_error_m", "p_m", "logical error per tile and cycle at distance d_m"),
    _count("feeders", r"n_{\mathrm{in}}", "factories that feed a distillation level"),
    SymbolInfo("qubit_rounds", "V_c", "expected qubits times rounds of one cultivated T state"),
    _count("cultivation_qubits", "n_c", "physical qubits of one cultivation", "qubits"),
    SymbolInfo("feeder_length", r"\ell", "length of a feeding factory in physical sites"),
    _count("n_cycles", r"N_{\mathrm{cyc}}", "code cycles"),
    _count("tiles", r"N_{\mathrm{tile}}", "surface-code tiles"),
    _count("n_factories", "n_f", "factories"),
    _count("idle_qubits", r"n_{\mathrm{idle}}", "logical qubits that are held and not at work"),
    _count("active_tiles", r"N_{\mathrm{act}}", "tiles of qubits at work, routing and factories"),
    SymbolInfo("cycle_time_s", r"t_{\mathrm{cyc}}", "time of one code cycle", "s"),
    SymbolInfo("reaction_time_s", r"t_{\mathrm{react}}", "time from measurement to decision", "s"),
)

CATALOGUE = {info.name: info for info in _TABLE}


def describe(name: str) -> SymbolInfo:
    """Return letter, meaning and unit of the symbol `name`."""
    try:
        return CATALOGUE[name]
    except KeyError:
        raise QresError(f"symbol '{name}' is not in the catalogue of notation.symbols") from None


@cache
def symbol(name: str) -> sympy.Symbol:
    """Return the one sympy symbol of that name."""
    info = describe(name)
    if info.is_sequence:
        return sympy.Symbol(name)
    if info.is_integer:
        return sympy.Symbol(name, integer=True, nonnegative=True)
    return sympy.Symbol(name, real=True)


def symbols(names: str) -> tuple[sympy.Symbol, ...]:
    """Return the symbols of a string of names separated by blanks."""
    return tuple(symbol(name) for name in names.split())
