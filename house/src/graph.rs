//! A directed graph of names, and its cycles.
//! It knows nothing of Rust: a node is a text, an edge has one text as its reason.

use std::collections::{BTreeMap, BTreeSet};

/// A directed graph. Each edge keeps the reasons that it was added for.
#[derive(Default)]
pub struct Graph {
    edges: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// A strongly connected component of two or more nodes: each reaches each.
#[derive(Debug, PartialEq, Eq)]
pub struct Cycle {
    /// Its nodes, in order of their names.
    pub nodes: Vec<String>,
    /// Its edges, as `from -> to (reason)`, with the first reason.
    pub edges: Vec<String>,
}

impl Graph {
    /// Adds an edge; one of a node to itself is ignored.
    pub fn add(&mut self, from: &str, to: &str, reason: &str) {
        if from != to {
            self.edges.entry(to.to_owned()).or_default();
            let targets = self.edges.entry(from.to_owned()).or_default();
            targets.entry(to.to_owned()).or_default().push(reason.to_owned());
        }
    }

    /// All edges between nodes whose names begin with a prefix, as `from -> to (reasons)`.
    pub fn edges(&self, prefix: &str) -> Vec<String> {
        let begins = |node: &str| node.starts_with(prefix);
        let mut found = Vec::new();
        for (from, targets) in self.edges.iter().filter(|(from, _)| begins(from)) {
            for (to, reasons) in targets.iter().filter(|(to, _)| begins(to)) {
                found.push(format!("{from} -> {to} ({})", reasons.join(", ")));
            }
        }
        found
    }

    /// All cycles, the largest first.
    pub fn cycles(&self) -> Vec<Cycle> {
        let mut order = Vec::new();
        let mut seen = BTreeSet::new();
        for node in self.edges.keys() {
            self.visit(node, &mut seen, &mut order);
        }
        let mut sources: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (from, targets) in &self.edges {
            for to in targets.keys() {
                sources.entry(to).or_default().push(from);
            }
        }
        let mut assigned = BTreeSet::new();
        let components = order.iter().rev().map(|node| component(node, &sources, &mut assigned));
        let mut cycles: Vec<Cycle> =
            components.filter(|nodes| nodes.len() > 1).map(|nodes| self.describe(&nodes)).collect();
        cycles.sort_by(|a, b| b.nodes.len().cmp(&a.nodes.len()).then(a.nodes.cmp(&b.nodes)));
        cycles
    }

    /// Appends the nodes that `node` reaches to `order`, each after those that it reaches.
    fn visit<'a>(&'a self, node: &'a str, seen: &mut BTreeSet<&'a str>, order: &mut Vec<&'a str>) {
        if seen.insert(node) {
            for to in self.edges.get(node).into_iter().flat_map(BTreeMap::keys) {
                self.visit(to, seen, order);
            }
            order.push(node);
        }
    }

    fn describe(&self, nodes: &BTreeSet<&str>) -> Cycle {
        let mut edges = Vec::new();
        for from in nodes {
            for (to, reasons) in self.edges.get(*from).into_iter().flatten() {
                if nodes.contains(to.as_str()) {
                    edges.push(format!("{from} -> {to} ({})", reasons[0]));
                }
            }
        }
        Cycle { nodes: nodes.iter().map(|node| (*node).to_owned()).collect(), edges }
    }
}

/// The nodes not yet assigned that reach `start`: with Kosaraju's order, its component.
fn component<'a>(
    start: &'a str,
    sources: &BTreeMap<&'a str, Vec<&'a str>>,
    assigned: &mut BTreeSet<&'a str>,
) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        if assigned.insert(node) {
            found.insert(node);
            open.extend(sources.get(node).into_iter().flatten());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::Graph;

    fn graph(edges: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        for (from, to) in edges {
            graph.add(from, to, "line");
        }
        graph
    }

    #[test]
    fn cycles_are_found_largest_first() {
        let graph = graph(&[("x", "y"), ("y", "x"), ("y", "a"), ("a", "b"), ("b", "c"), ("c", "a"), ("c", "z")]);
        let cycles = graph.cycles();
        assert_eq!(cycles.len(), 2);
        assert_eq!(cycles[0].nodes, ["a", "b", "c"]);
        assert_eq!(cycles[1].edges, ["x -> y (line)", "y -> x (line)"]);
    }

    #[test]
    fn chain_and_self_edge_are_no_cycles() {
        assert_eq!(graph(&[("a", "b"), ("b", "c"), ("a", "c"), ("a", "a")]).cycles(), []);
    }
}
