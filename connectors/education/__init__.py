"""The education domain: 1EdTech OneRoster in, schools and learners' own enrolments out."""
