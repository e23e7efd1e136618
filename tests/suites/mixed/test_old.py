"""The oldest tests of the suite."""

import unittest

from .words import plural, translate


class PluralTest(unittest.TestCase):
    def setUp(self):
        self.words = ["test", "box"]

    def test_each(self):
        for word in self.words:
            with self.subTest(word=word):
                self.assertTrue(plural(word).startswith(word))

    @unittest.expectedFailure
    def test_irregular(self):
        self.assertEqual(plural("index"), "indices")


class TranslateTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.known = await translate("test")

    async def test_known(self):
        self.assertEqual(self.known, "Prüfung")

    async def test_unknown(self):
        with self.assertRaises(KeyError):
            await translate("word")


def setup_module(module):
    module.ready = True


class TestXunit:
    @classmethod
    def setup_class(cls):
        cls.words = []

    def setup_method(self, method):
        self.words.append(method.__name__)

    def test_first(self):
        assert self.words[-1] == "test_first"
        assert ready  # noqa: F821

    async def test_second(self):
        word = self.words[-1]
        assert await translate("loop") == "Schleife"
        assert word == "test_second"
