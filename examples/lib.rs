//! Examples of Thalweg; each is a program of its own in a folder beside this file.
