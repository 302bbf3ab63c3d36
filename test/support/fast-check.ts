import fc from "fast-check";

// One commit, one verdict: the same examples in every run. Others come with PROPERTY_SEED=<number>.
fc.configureGlobal({ seed: Number(process.env["PROPERTY_SEED"] ?? 1) });

export { fc };
