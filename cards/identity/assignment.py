"""The best pairing over all candidates, never first come, first served."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

_LARGEST = 250  # rows or columns of a group that is solved exactly: the Hungarian method takes cubic time


def best_pairs(weights: Mapping[tuple[int, int], float]) -> list[tuple[int, int]]:
    """Choose the pairs of row and column with the greatest sum of weights, using each row and column once at most.

    Rows and columns are split into groups that share no candidate. Each group is solved by the Hungarian method (Kuhn 1955,
    in the form with potentials), a very large one greedily.
    """
    pairs: list[tuple[int, int]] = []
    for group in _groups(weights):
        rows = sorted({row for row, _ in group})
        columns = sorted({column for _, column in group})
        if len(rows) == 1 or len(columns) == 1:
            pairs.append(max(group, key=lambda pair: (weights[pair], -pair[0], -pair[1])))
        elif max(len(rows), len(columns)) > _LARGEST:
            pairs += _greedy(group, weights)
        else:
            pairs += _hungarian(rows, columns, weights)
    return sorted(pairs)


def _groups(weights: Mapping[tuple[int, int], float]) -> list[list[tuple[int, int]]]:
    parent: dict[tuple[str, int], tuple[str, int]] = {}

    def root(node: tuple[str, int]) -> tuple[str, int]:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for row, column in weights:
        parent[root(("row", row))] = root(("column", column))
    groups: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for pair in sorted(weights):
        groups[root(("row", pair[0]))].append(pair)
    return list(groups.values())


def _greedy(group: Sequence[tuple[int, int]], weights: Mapping[tuple[int, int], float]) -> list[tuple[int, int]]:
    rows: set[int] = set()
    columns: set[int] = set()
    pairs = []
    for row, column in sorted(group, key=lambda pair: (-weights[pair], pair)):
        if row not in rows and column not in columns:
            pairs.append((row, column))
            rows.add(row)
            columns.add(column)
    return pairs


def _hungarian(rows: list[int], columns: list[int], weights: Mapping[tuple[int, int], float]) -> list[tuple[int, int]]:
    """Solve a group exactly. A pair that is no candidate weighs 0, and is dropped from the result."""
    flipped = len(rows) > len(columns)
    if flipped:
        rows, columns = columns, rows
    n, m = len(rows), len(columns)

    def cost(i: int, j: int) -> float:
        pair = (columns[j], rows[i]) if flipped else (rows[i], columns[j])
        return -weights.get(pair, 0.0)

    u, v = [0.0] * (n + 1), [0.0] * (m + 1)
    owner, previous = [0] * (m + 1), [0] * (m + 1)
    for i in range(1, n + 1):
        owner[0], column = i, 0
        least = [float("inf")] * (m + 1)
        used = [False] * (m + 1)
        while owner[column]:
            used[column] = True
            row, delta, nearest = owner[column], float("inf"), 0
            for j in range(1, m + 1):
                if not used[j]:
                    current = cost(row - 1, j - 1) - u[row] - v[j]
                    if current < least[j]:
                        least[j], previous[j] = current, column
                    if least[j] < delta:
                        delta, nearest = least[j], j
            for j in range(m + 1):
                if used[j]:
                    u[owner[j]] += delta
                    v[j] -= delta
                else:
                    least[j] -= delta
            column = nearest
        while column:
            owner[column] = owner[previous[column]]
            column = previous[column]
    pairs = [(rows[owner[j] - 1], columns[j - 1]) for j in range(1, m + 1) if owner[j]]
    if flipped:
        pairs = [(column, row) for row, column in pairs]
    return [pair for pair in pairs if pair in weights]
