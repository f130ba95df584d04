"""Article text to labelled rows: articles, sentences, windows, network, runtime, labeller."""
