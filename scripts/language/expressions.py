"""The value grammar (2.6): text in a script becomes an expression tree, once, at load time.

A tree is a JSON list whose first element names it:
["lit", value] ["holder", name] ["system", name] ["input", n] ["prop", e, name] ["auto", e, name]
["call", e or None, function, [args]] ["computed", e, e] ["project", e, [names]] ["or", e, e]
["text", [text or e, ...]] ["list", [e, ...]] ["map", [[key, e], ...]] ["merge", [[name, e], ...]]
["field", [names]] (a property of the context row; of no names, the row itself)
["each", e, e of an item, test] ["when", [conditions of the row]]
["shape", e, e] (the second made of the first, or of its every row)
In a map, a third element says that a map is merged and only another value takes the name; a key of
None merges always, one that is a tree is computed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from scripts.language.commandline import split_outside
from scripts.language.limits import limits
from scripts.language.rowwords import of_row
from scripts.language.trees import IDENT, NotExpression, subject_of
from scripts.language.trees import BadExpression as BadExpression
from scripts.language.trees import Tree as Tree
from scripts.language.trees import last_name as last_name
from scripts.language.vocabulary import Vocabulary, nearest

NEARLY = 0.86
_DIGITS = re.compile(r"\d{1,3}")
_WORD = re.compile(r"[^\s,]+")
_KEEP = "\u00b4"
_CAMEL = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z]+)*")  # .NOW is a schema code, .Nwo a mistake


class Parser:
    """Reads one text from left to right."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.vocabulary = vocabulary

    @property
    def functions(self) -> Mapping[str, Any]:
        return self.vocabulary.functions

    def peek(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def take(self, text: str) -> bool:
        if self.peek(text):
            self.at += len(text)
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise NotExpression

    def match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise NotExpression
        self.at = found.end()
        return found[0]

    def space(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def done(self) -> bool:
        return self.at >= len(self.text)

    # -- grammar ----------------------------------------------------------------------------

    def expression(self) -> Tree:
        self.depth += 1
        if self.depth > limits.depth:
            raise BadExpression("the expression is nested too deep")
        start = self.at
        tree = self.postfixes(self._primary(), start)
        self.depth -= 1
        return tree

    def postfixes(self, tree: Tree, start: int = 0) -> Tree:
        """Read the properties and functions that follow the value which is written at `start`."""
        either: Tree | None = None
        while not self.done():
            if self.peek(".Or.") or self.text[self.at :] == ".Or":
                self.expect(".Or")
                either, tree = tree if either is None else ["or", either, tree], subject_of(tree)
                continue
            written = self.text[start : self.at]
            if self.peek("("):
                tree = ["project", tree, self._names()]
            elif self.take(".Require()") or self._ends_word(".Require"):
                tree = ["call", tree, "Require", [["lit", written]]]
            elif self.peek(".") and self._more():
                tree = self._postfix(tree)
            else:
                break
        return tree if either is None else ["or", either, tree]

    def group(self) -> Tree:
        """Read `{expression}` in running text; what follows the brace is text again."""
        self.expect("{")
        tree = self.expression()
        self.expect("}")
        return tree

    def _ends_word(self, text: str) -> bool:
        """Take a word that nothing but another postfix follows."""
        following = self.text[self.at + len(text) : self.at + len(text) + 1]
        if following.isalnum() or (following in ("_", "-", "(") and following):
            return False
        return self.take(text)

    def _more(self) -> bool:
        """A dot that ends a sentence is not a postfix."""
        following = self.text[self.at + 1 : self.at + 2]
        return bool(following) and (following.isalpha() or following in "_${")

    def _primary(self) -> Tree:
        if self.peek("{"):
            return self.group()
        if self.take("${"):
            self.take("$")
            name = self.match(IDENT)
            self.expect("}")
            return ["holder", name]
        if self.take("$$"):
            return ["computed", ["field", []], ["holder", self.match(IDENT)]]
        if self.take("$"):
            return self._holder()
        if self.take("."):
            name = self.match(IDENT)
            if name not in self.functions:
                if _CAMEL.fullmatch(name) and self.text[self.at : self.at + 1] not in ("/", "."):
                    hint = nearest(name, self.functions)
                    raise BadExpression(f"unknown function .{name}", hint)
                raise NotExpression
            self._supported(name)
            return ["call", None, name, self._arguments(name) if self.peek("(") else []]
        raise NotExpression

    def _supported(self, name: str) -> None:
        reason = self.functions[name].unsupported
        if reason:
            raise BadExpression(f".{name} is not supported in this release", reason)

    def _holder(self) -> Tree:
        if self.take("."):
            name = self.match(IDENT)
            if name not in self.vocabulary.system_holders:
                hint = nearest(name, self.vocabulary.system_holders)
                raise BadExpression(f"there is no system holder $.{name}", hint)
            return ["system", name]
        if self.at < len(self.text) and self.text[self.at].isdigit():
            return ["input", int(self.match(_DIGITS))]
        return ["holder", self.match(IDENT)]

    def _postfix(self, tree: Tree) -> Tree:
        self.expect(".")
        if self.take("{"):
            computed = self.expression()
            self.expect("}")
            return ["computed", tree, computed]
        if self.take("$"):
            return ["prop", tree, "$"]
        name = self.match(IDENT)
        if self.peek("("):
            if name not in self.functions:
                raise BadExpression(f"unknown function {name}", nearest(name, self.functions))
            self._supported(name)
            arguments = self._arguments(name)
            most = self.functions[name].most
            if len(arguments) > most:
                values = {0: "no value", 1: "one value"}.get(most, f"at most {most} values")
                raise BadExpression(f"{name} takes {values} in brackets")
            return ["call", tree, name, arguments]
        if name == "Each" and name in self.functions:
            return self._each(tree)
        if name not in self.functions and name.startswith("Is"):
            # A property may be called so; one that is nearly a function is none.
            close = get_close_matches(name, list(self.functions), n=1, cutoff=NEARLY)
            if close:
                raise BadExpression(f"unknown function {name}", f"did you mean {close[0]}?")
        return ["auto" if name in self.functions else "prop", tree, name]

    def _each(self, tree: Tree) -> Tree:
        """Read the rest of a chain as what is done with every item."""
        rest = self.postfixes(["field", []])
        ends_in_test = rest[0] == "or" or (
            rest[0] in ("auto", "call") and self.functions[rest[2]].test
        )
        return ["each", tree, rest, ends_in_test]

    def _names(self) -> list[str]:
        self.expect("(")
        names = []
        while True:
            self.space()
            names.append(self.match(IDENT))
            self.space()
            if self.take(")"):
                return names
            self.expect(",")

    def _arguments(self, function: str) -> list[Tree]:
        how = self.functions[function].reads.name
        self.expect("(")
        arguments: list[Tree] = []
        self.space()
        if self.take(")"):
            return arguments
        while True:
            rows = how in ("FILTERS", "FORMATS", "CHANGES")
            arguments.append(of_row(self, how, ",)") if rows else self.argument(",)"))
            self.space()
            if self.take(")"):
                return arguments
            self.expect(",")

    def argument(self, ends: str) -> Tree:
        self.space()
        if self.peek("["):
            return self._list()
        if self.peek('"') or self.peek("'"):
            return self._quoted()
        start = self.at
        try:
            tree = self.expression()
            self.space()
            if self.done() or self.text[self.at] in ends:
                return tree
        except NotExpression:
            pass
        self.at = start
        if self.peek("{"):
            return self._map()
        return self.bare(ends)

    def _quoted(self) -> Tree:
        mark = self.text[self.at]
        end = self.text.find(mark, self.at + 1)
        if end < 0:
            raise NotExpression
        text = self.text[self.at + 1 : end]
        self.at = end + 1
        return template(text, self.vocabulary)

    def bare(self, ends: str) -> Tree:
        start = self.at
        while not self.done() and self.text[self.at] not in ends:
            self.at += 1
        return ["lit", self.text[start : self.at].strip()]

    def _list(self) -> Tree:
        self.expect("[")
        items: list[Tree] = []
        self.space()
        if self.take("]"):
            return ["list", items]
        while True:
            items.append(self.argument(",]"))
            self.space()
            if self.take("]"):
                return ["list", items]
            self.expect(",")

    def _map(self) -> Tree:
        self.expect("{")
        pairs: list[list[Any]] = []
        self.space()
        if self.take("}"):
            return ["map", pairs]
        while True:
            self.space()
            pairs.append(self._pair())
            self.space()
            if self.take("}"):
                return ["map", pairs]
            self.expect(",")

    def _pair(self) -> list[Any]:
        if self.peek("$"):
            tree = self.expression()
            self.space()
            self.take(":")
            return [last_name(tree), tree, True]
        key = self.match(IDENT)
        self.space()
        self.expect(":")
        return [key, self.argument(",}")]


def whole_expression(text: str, vocabulary: Vocabulary) -> Tree | None:
    """Return the tree when all of `text` is one expression, else None. Raises BadExpression."""
    parser = Parser(text.strip(), vocabulary)
    if not parser.text or parser.text[0] not in "$.{":
        return None
    try:
        tree = parser.expression()
    except NotExpression:
        return None
    return tree if parser.done() else None


def row_expression(text: str, vocabulary: Vocabulary) -> Tree | None:
    """Return the tree of `Title` or `Due.Add(1 day)`, whose bare words are properties of a row.

    None when the text is no such path. Raises BadExpression.
    """
    tree = whole_expression(text, vocabulary)
    if tree is not None:
        return tree
    parser = Parser(text.strip(), vocabulary)
    try:
        name = parser.match(IDENT)
        tree = parser.postfixes(["field", [name]])
    except NotExpression:
        return None
    return tree if parser.done() else None


def expression_list(text: str, vocabulary: Vocabulary) -> list[Tree] | None:
    """Return the trees when `text` is several expressions apart by spaces or commas, else None."""
    parser = Parser(text.strip(), vocabulary)
    trees: list[Tree] = []
    try:
        while not parser.done():
            parser.depth = 0
            trees.append(parser.expression())
            rest = parser.text[parser.at :]
            gap = re.match(r"\s*,\s*|\s+", rest)
            if rest and gap is None:
                return None
            parser.at += gap.end() if gap else 0
    except NotExpression:
        return None
    return trees if len(trees) > 1 else None


class _Text:
    """Running text on its way to a tree."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text = text
        self.vocabulary = vocabulary
        self.parts: list[Any] = []
        self.plain = ""
        self.at = 0
        self.kept = False  # between acute accents, where a bare holder counts too

    def tree(self) -> Tree:
        while self.at < len(self.text):
            self._next(self.text[self.at])
        if self.plain or not self.parts:
            self.parts.append(self.plain)
        if len(self.parts) > 1:
            return ["text", self.parts]
        only = self.parts[0]
        return ["lit", only] if isinstance(only, str) else list(only)

    def _next(self, character: str) -> None:
        text, at = self.text, self.at
        if character == "\\" and text[at + 1 : at + 2] in ("{", "}", "|", "\\", "$"):
            self.plain, self.at = self.plain + text[at + 1], at + 2
        elif text.startswith(("\\>>", "\\+>"), at):
            self.plain, self.at = self.plain + text[at + 1 : at + 3], at + 3
        elif character == _KEEP:
            self.kept = not self.kept and _KEEP in text[at + 1 :]
            self.at += 1
        elif not self._expression(character):
            self.plain, self.at = self.plain + character, at + 1

    def _expression(self, character: str) -> bool:
        following = self.text[self.at + 1 : self.at + 2]
        if character == "{" and following not in ("$", "."):
            return False
        if character != "{" and not (character == "$" and (self.kept or following == "{")):
            return False
        parser = Parser(self.text, self.vocabulary)
        parser.at = self.at
        try:
            tree = parser.group() if character == "{" else parser.expression()
        except NotExpression:
            return False
        self.parts += [self.plain, tree] if self.plain else [tree]
        self.plain, self.at = "", parser.at
        return True


def template(text: str, vocabulary: Vocabulary) -> Tree:
    """Return running text with its {expressions}; one that is all of the text keeps its type.

    Raises BadExpression; braces that are no expression stay as they are.
    """
    return _Text(text, vocabulary).tree()


def unquoted(text: str) -> str | None:
    """Return what stands in quotes, when all of `text` does; else None."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" and text[0] not in text[1:-1]:
        return text[1:-1]
    return None


def value(text: str, vocabulary: Vocabulary, *, quoted: bool = False) -> Tree:
    """Return the tree of an untyped value, by the first rule of 4.1 that matches."""
    stripped = text.strip()
    inner = unquoted(stripped)
    if quoted or inner is not None:
        return template(text if inner is None or quoted else inner, vocabulary)
    if not stripped:
        return ["lit", None]
    tree = whole_expression(stripped, vocabulary)
    if tree is not None:
        return tree
    several = expression_list(stripped, vocabulary)
    if several is not None:
        return ["merge", [[last_name(each), each] for each in several]]
    words = [part.strip() for part in stripped.split(",")]
    if len(words) > 1 and all(_WORD.fullmatch(word) and "{" not in word for word in words):
        return ["list", [value(word, vocabulary) for word in words]]
    return template(stripped, vocabulary)


def comma_list(text: str, vocabulary: Vocabulary) -> Tree:
    """Return the tree of a list written with commas; one expression may give the whole list."""
    tree = whole_expression(text, vocabulary)
    if tree is not None:
        return tree
    return ["list", [value(part, vocabulary) for part in split_outside(text, ",") if part.strip()]]
