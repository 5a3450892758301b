/* SPDX-License-Identifier: MIT */
#include "data/simulate/simulate.h"

#define AT(field) offsetof(SimulateOptions, field)
const Option simulate_options[] = {
    {"n_bag", OPTION_INT, AT(n_bag), "200", 1, 10000000, NULL, "bags", "number of repertoires"},
    {"n_seq", OPTION_INT, AT(n_seq), "2000", 1, 100000000, NULL, "sequences",
     "number of sequences in each repertoire"},
    {"size", OPTION_TEXT, AT(size), "fixed", 0, 0, NULL, "fixed|lognormal[:S]|normal[:S]|deeprc",
     "distribution of the number of sequences: fixed (n_seq), lognormal (median n_seq; S 0.553), normal (mean n_seq, "
     "standard deviation S * n_seq; S 0.44), or deeprc (normal, S 0.418)"},
    {"size_effect", OPTION_NUMBER, AT(size_effect), "0", -5, 5, NULL, "",
     "confounder: difference of the logarithm of the size between positive and negative repertoires"},
    {"positive", OPTION_NUMBER, AT(positive), "0.5", 0, 1, NULL, "of the bags",
     "fraction of the repertoires that carries the signal"},
    {"background", OPTION_CHOICE, AT(background), "trb", 0, 0, "trb uniform file olga", "",
     "source of the sequences: trb (statistics of human TRB), uniform (uniform residues), file (drawn from the "
     "sequences of background_path), or olga (recombination model in the folder background_path)"},
    {"background_path", OPTION_TEXT, AT(background_path), "null", 0, 0, NULL, "FILE",
     "source of the background: a dataset or a table with the column junction_aa (file), or a folder with "
     "model_params.txt and the other model files of OLGA (olga)"},
    {"donors", OPTION_BOOL, AT(donors), "false", 0, 0, NULL, "",
     "one repertoire of the file for each simulated repertoire, chosen at random, instead of the sequences of all"},
    {"genes", OPTION_BOOL, AT(genes), "false", 0, 0, NULL, "", "V and J genes of each sequence"},
    {"signal", OPTION_CHOICE, AT(signal), "motif", 0, 0, "motif dense public", "",
     "difference between the classes: motif (implanted in carrier sequences), dense (changed "
     "probabilities of prefixes and residue pairs; motifs, rate and position are not used), or public (carriers are "
     "sequences of a list)"},
    {"shift", OPTION_NUMBER, AT(shift), "0.03", 0, 2, NULL, "",
     "strength of the dense signal: in positive bags each probability is multiplied by exp(shift) or "
     "exp(-shift) and rescaled"},
    {"dense", OPTION_CHOICE, AT(dense), "both", 0, 0, "both prefix composition", "",
     "statistics changed by the dense signal: prefix, composition (pairs of neighbouring residues in the "
     "middle), or both"},
    {"spread", OPTION_NUMBER, AT(spread), "0", 0, 2, NULL, "",
     "variation between individuals: in every bag each probability is multiplied by exp(spread * normal) "
     "and rescaled"},
    {"motifs", OPTION_TEXTS, AT(motifs), "SFZEN", 0, 0, NULL, "MOTIF",
     "motifs of the carriers: residues, Z (keeps the residue that is there), [ST] (one of these), {1-3} (a gap), "
     "d0.5 and "
     "r0.5 (delete or replace the position before), *2 (weight); one motif is drawn for each carrier"},
    {"signals", OPTION_TEXTS, AT(signals), "[]", 0, 0, NULL, "MOTIFS",
     "several signals instead of simulate.motifs: for each its motifs, with blanks between them and NAME= in front"},
    {"labels", OPTION_CHOICE, AT(labels), "status", 0, 0, "status classes columns rate", "",
     "label columns: status (+ or -; each positive bag has one signal), classes (class as well: the signal's name or "
     "none), columns (a column + or - for each signal, drawn independently), or rate (log_rate as well: logarithm of "
     "the "
     "fraction of carriers)"},
    {"label_noise", OPTION_NUMBER, AT(label_noise), "0", 0, 1, NULL, "of the bags",
     "probability that the label of a repertoire is wrong"},
    {"rate", OPTION_NUMBER, AT(rate), "0.01", 0, 1, NULL, "of the sequences",
     "fraction of carriers among the sequences of a positive repertoire"},
    {"rate_beta", OPTION_NUMBERS, AT(rate_beta), "[]", 1e-6, 1e12, NULL, "",
     "parameters a,b of the beta distribution from which each positive repertoire's rate is drawn, instead of rate"},
    {"rate_negative", OPTION_NUMBER, AT(rate_negative), "0", 0, 1, NULL, "of the sequences",
     "fraction of carriers among the sequences of a negative repertoire"},
    {"rate_negative_beta", OPTION_NUMBERS, AT(rate_negative_beta), "[]", 1e-6, 1e12, NULL, "",
     "parameters a,b of the beta distribution of rate_negative"},
    {"rate_mode", OPTION_CHOICE, AT(rate_mode), "exact", 0, 0, "exact binomial poisson", "",
     "number of carriers: exact (round(rate * n_seq)), binomial or poisson (drawn with the mean rate * n_seq)"},
    {"at_least_one", OPTION_CHOICE, AT(at_least_one), "auto", 0, 0, "auto no yes", "",
     "minimum of one carrier where the rate is not 0; auto: yes if rate_mode is exact"},
    {"purge", OPTION_CHOICE, AT(purge), "none", 0, 0, "none negative all", "",
     "accidental carriers that are drawn again: none, those of negative bags, or all"},
    {"implant", OPTION_CHOICE, AT(implant), "replace", 0, 0, "replace insert reject", "",
     "origin of carriers: motif written over residues (replace) or put between them (insert), or background "
     "sequences "
     "that hold it by chance (reject)"},
    {"position", OPTION_TEXT, AT(position), "middle", 0, 0, NULL, "middle|anywhere|centre|N",
     "position of the motif: middle (the first and last four residues are kept), anywhere, centre, or an offset "
     "from 0"},
    {"spike", OPTION_TEXT, AT(spike), "null", 0, 0, NULL, "FILE",
     "public sequences: a table with junction_aa, v_call and j_call, or a dataset; null: drawn from the background"},
    {"pool", OPTION_INT, AT(pool), "650", 1, 10000000, NULL, "sequences",
     "number of public sequences that are drawn from the background"},
    {"counts", OPTION_TEXT, AT(counts), "none", 0, 0, NULL, "none|powerlaw[:ALPHA]|realistic",
     "distribution of clone counts: none (every count is 1), powerlaw (exponent ALPHA, 2.2), or realistic (as in "
     "blood)"},
    {"counts_effect", OPTION_NUMBER, AT(counts_effect), "0", -5, 5, NULL, "",
     "confounder: difference between positive and negative repertoires in how large clones are (logarithm of the "
     "share of "
     "expanded clones; with powerlaw minus the exponent)"},
    {"carrier_counts", OPTION_CHOICE, AT(carrier_counts), "uniform", 0, 0, "uniform expanded", "",
     "clone counts of carriers: uniform (as other sequences) or expanded (from the tail of large clones)"},
    {"batches", OPTION_INT, AT(batches), "0", 0, 10000, NULL, "batches",
     "number of batches, written as column batch; 0: no batches"},
    {"batch_labels", OPTION_NUMBER, AT(batch_labels), "0", 0, 1, NULL, "",
     "confounder: tie of label and batch; even batches have (1 + x) times the fraction of positives, odd ones (1 - "
     "x) times"},
    {"batch_size", OPTION_NUMBER, AT(batch_size), "0", -5, 5, NULL, "",
     "difference of the logarithm of the size between even and odd batches"},
    {"batch_spread", OPTION_NUMBER, AT(batch_spread), "0", 0, 2, NULL, "",
     "variation between batches: in each batch each probability is multiplied by exp(x * normal) and rescaled"},
    {0},
};
