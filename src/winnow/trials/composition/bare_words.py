"""Words that decide whether a piece of a coordination can stand alone; closed lists, ours."""

from __future__ import annotations

# Words that hold a phrase together.
SMALL = frozenset(
    """
    a an the any some all each both either with without of for to by has have had having is are was were be been
    being no not nor and or and/or but at in on if it that which who very more most less least also only then one
    two other others another such same this these those their his her its into from than as
    """.split()
)

# Adjectives and adverbs that no ending gives away, and nouns that need another beside them.
BARE = frozenset(
    """
    stage grade class type phase degree level line lines i ii iii iv v iia iib iic iiia iiib iiic iva ivb ivc ia
    ib ic mild moderate severe stable unstable recurrent persistent permanent present absent malignant benign
    latent transient intermittent concurrent concomitant recent frequent resistant dependent independent dominant
    insufficient competent adequate early late new newly newer first second third fourth primary secondary
    tertiary de-novo de novo low high intermediate lower upper higher younger older left right middle central
    inner outer major minor main whole partial complete full long short good poor fair open closed inoperable
    operable somatic germline sporadic hereditary familial blood tissue plasma serum urine tumor tumour sample
    samples specimen specimens biopsy saliva cell cells fluid csf site sites lesion lesions area part parts body
    organ organs together alone combination sequence combined elsewhere abroad home otherwise unknown unspecified
    nos naive free written oral verbal intact mutant wild-type positive negative pathogenic likely probable
    possible definite proven known suspected subsequent further several multiple single multi solitary isolated
    extensive limited diffuse focal ongoing existing pre-existing worsening continuing continuous chronic acute
    subacute current past prior previous previously currently later before after during since ago once twice daily
    weekly monthly homozygous heterozygous compound biallelic monoallelic activating inactivating sensitizing
    deleterious truncating advanced non-resectable autoimmune immune neoadjuvant adjuvant urgent elective ischemic
    ischaemic situ apparent convincing large small well poorly clear moderately highly risk fatal lethal serious
    significant treated untreated non-metastatic mixed same different equivalent equal similar better worse solid
    liquid systemic adult adults child children pediatric paediatric elderly sole evidence history signs sign
    symptoms symptom diagnosis therapy treatment procedure drug agent month months year years week weeks day days
    hour hours
    """.split()
)

# Nouns with the ending of an adjective, and adjectives that are said of a patient.
SPEAKS = frozenset(
    """
    hospital withdrawal antibiotic analgesic anesthetic anaesthetic diuretic sedative narcotic antipsychotic
    antiemetic clinic survival trial removal referral prophylactic laxative contraceptive oral-contraceptive
    anxiolytic opioid thyroid steroid corticosteroid glucocorticoid bed need hepatic-failure coronary pregnant
    pregnancy lactating suicidal homicidal diabetic alcoholic epileptic asthmatic schizophrenic hypertensive
    hypotensive hospitalized hospitalised incarcerated imprisoned institutionalized institutionalised
    immunocompromised immunosuppressed immunodeficient vaccinated intubated bedridden disabled postmenopausal
    post-menopausal premenopausal perimenopausal ambulatory obese illiterate menopausal antidepressant
    anticoagulant anorexic bipolar anemic septic neutropenic psychotic lymphoid keloid carcinoid rheumatoid
    hemorrhoid sterile lactation diary dysentery anticonvulsive catastrophic euthymic
    """.split()
)

# Parts of the body.
SITES = frozenset(
    """
    fallopian gastroesophageal bladder ureter ureters urethra pelvis kidney kidneys liver lung lungs breast
    breasts colon rectum anus stomach esophagus oesophagus pancreas duodenum bowel intestine ovary ovaries uterus
    cervix endometrium vagina vulva prostate testis testes penis skin bone bones marrow brain spine cord head neck
    larynx pharynx oropharynx hypopharynx nasopharynx oral cavity tongue thyroid heart valve aorta artery arteries
    vein veins leg legs arm arms hand hands foot feet hip hips knee knees shoulder shoulders eye eyes ear ears
    nose mouth spleen node nodes lymph peritoneum pleura mediastinum retina cornea appendix gallbladder duct ducts
    junction tube tubes limb limbs extremity extremities chest abdomen trunk face back spinal
    """.split()
)
